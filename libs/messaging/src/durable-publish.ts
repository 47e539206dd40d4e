import { Match, type MsgHdrs } from '@nats-io/transport-node';
import { Unavailable } from '#contracts/errors.js';
import { headersOf, NotStored, type StoredAck } from './acked-publisher.js';
import type { ServiceConnection } from './connection.js';
import { pause } from './pause.js';

export interface DurableMessage {
  subject: string;
  data: Uint8Array | string;
  /** The broker drops a second message with the same id within its window (2 minutes): repeating is safe. */
  messageId?: string;
  headers?: MsgHdrs;
  /** Awaited before each attempt; what it throws ends the trying. */
  beforeAttempt?(): Promise<void>;
}

export interface DurableAck extends StoredAck {
  /** How often it was sent. After more than once, nobody knows whether the first was stored, too. */
  attempts: number;
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
): Promise<DurableAck> {
  const { subject, data, messageId } = message;
  const headers = messageId === undefined ? message.headers : identified(messageId, message.headers);
  for (let attempt = 0; ; attempt++) {
    try {
      do {
        await connection.whenConnected(signal);
        await message.beforeAttempt?.();
      } while (connection.status !== 'connected');
      return { ...(await connection.acked.publish(subject, data, headers)), attempts: attempt + 1 };
    } catch (error) {
      if (!(error instanceof NotStored && error.transient)) throw error;
      if (signal.aborted || connection.status === 'closed') {
        const detail = `the broker did not store a message on ${subject}: ${error.message}`;
        throw new Unavailable('broker', detail, { cause: error });
      }
      await pause(Math.min(50 * 2 ** attempt, 1_000), signal);
    }
  }
}

function identified(messageId: string, headers = headersOf({})): MsgHdrs {
  headers.set('Nats-Msg-Id', messageId, Match.Exact);
  return headers;
}
