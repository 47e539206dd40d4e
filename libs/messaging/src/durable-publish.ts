import { JetStreamApiError, type JetStreamPublishOptions } from '@nats-io/jetstream';
import { errors, headers, RequestError } from '@nats-io/transport-node';
import { Unavailable } from '#contracts/errors.js';
import type { ServiceConnection } from './connection.js';

export interface DurableMessage {
  subject: string;
  data: Uint8Array | string;
  /** The broker drops a second message with the same id within its window (2 minutes): repeating is safe. */
  messageId?: string;
  headers?: Record<string, string>;
}

/** How long one attempt waits for the broker's acknowledgement, milliseconds. A leader's election takes about 4 s. */
const ACK_TIMEOUT_MS = 3_000;
/** Publishes are repeated for this long where the caller sets no end of its own, milliseconds. */
const GIVE_UP_AFTER_MS = 20_000;

/**
 * Stores a message in the stream that takes its subject, and repeats it while the broker is away or elects a leader.
 * @returns the sequence it is stored under, and whether it was there already
 * @throws Unavailable when the signal aborts (default: after 20 s)
 */
export async function publishDurably(
  connection: ServiceConnection,
  message: DurableMessage,
  signal: AbortSignal = AbortSignal.timeout(GIVE_UP_AFTER_MS),
): Promise<{ sequence: number; duplicate: boolean }> {
  const options: Partial<JetStreamPublishOptions> = { timeout: ACK_TIMEOUT_MS };
  if (message.messageId) options.msgID = message.messageId;
  for (let attempt = 0; ; attempt++) {
    try {
      if (message.headers) options.headers = natsHeaders(message.headers);
      const ack = await connection.jetstream.publish(message.subject, message.data, options);
      return { sequence: ack.seq, duplicate: ack.duplicate };
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (signal.aborted || connection.status === 'closed') {
        const detail = `the broker did not store a message on ${message.subject}: ${(error as Error).message}`;
        throw new Unavailable('broker', detail, { cause: error });
      }
      await connection.whenConnected(signal);
      await pause(Math.min(50 * 2 ** attempt, 1_000), signal);
    }
  }
}

/**
 * Whether repeating may help: no answer, nobody there ("jetstream is not enabled", which the client says during an
 * election), the connection lost, or a broker that is short of something for the moment.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status >= 500;
  return (
    error instanceof errors.TimeoutError ||
    error instanceof RequestError ||
    error instanceof errors.ConnectionError ||
    error instanceof errors.NoRespondersError ||
    (error instanceof Error && error.message.includes('jetstream is not enabled'))
  );
}

export function natsHeaders(values: Record<string, string>) {
  const result = headers();
  for (const [name, value] of Object.entries(values)) result.set(name, value);
  return result;
}

/** Waits, but not past the signal. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}
