import { Unavailable } from '#contracts/errors.js';
import { NotStored, type StoredAck } from './acked-publisher.js';
import type { ServiceConnection } from './connection.js';
import { pause } from './pause.js';

export interface DurableMessage {
  subject: string;
  data: Uint8Array | string;
  /** The broker drops a second message with the same id within its window (2 minutes): repeating is safe. */
  messageId?: string;
  headers?: Record<string, string>;
}

/** Publishes are repeated for this long where the caller sets no end of its own, milliseconds. An election takes some 5 s. */
const GIVE_UP_AFTER_MS = 20_000;

/**
 * Stores a message in the stream that takes its subject, and repeats it while the broker is away or elects a leader.
 * @throws Unavailable when the signal aborts (default: after 20 s); NotStored when the broker refuses it for good
 */
export async function publishDurably(
  connection: ServiceConnection,
  message: DurableMessage,
  signal: AbortSignal = AbortSignal.timeout(GIVE_UP_AFTER_MS),
): Promise<StoredAck> {
  const headers = { ...(message.messageId !== undefined && { 'Nats-Msg-Id': message.messageId }), ...message.headers };
  for (let attempt = 0; ; attempt++) {
    try {
      if (connection.status !== 'connected') await connection.whenConnected(signal);
      return await connection.acked.publish(message.subject, message.data, headers);
    } catch (error) {
      if (!(error instanceof NotStored && error.transient)) throw error;
      if (signal.aborted || connection.status === 'closed') {
        const detail = `the broker did not store a message on ${message.subject}: ${error.message}`;
        throw new Unavailable('broker', detail, { cause: error });
      }
      await pause(Math.min(50 * 2 ** attempt, 1_000), signal);
    }
  }
}
