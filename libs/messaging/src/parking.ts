import { randomUUID } from 'node:crypto';
import { parkedSubject } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { publishDurably } from './durable-publish.js';

export interface ParkedMessage {
  subject: string;
  reason: string;
  /** The message as it came, cut at 16 KB. */
  message: string;
}

const MOST_CHARACTERS = 16 * 1024;

/** Sets a message aside with the reason why nobody could handle it; the stream it came from goes on. Never throws. */
export async function park(connection: ServiceConnection, service: string, parked: ParkedMessage): Promise<void> {
  const data = JSON.stringify({ ...parked, message: parked.message.slice(0, MOST_CHARACTERS) });
  await publishDurably(connection, { subject: parkedSubject(service), data, messageId: randomUUID() }).catch(() => undefined);
}
