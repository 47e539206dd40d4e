import { randomUUID } from 'node:crypto';
import { parkedSubject } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { publishDurably } from './durable-publish.js';

export interface ParkedMessage {
  /** Where it came from. */
  subject: string;
  reason: string;
  /** The message as it came, cut at 16 KB. */
  message: string;
}

const MOST_CHARACTERS = 16 * 1024;
/** Messages set aside per second and service: somebody who sends only rubbish may not fill the stream. */
const MOST_PER_SECOND = 20;

const budgets = new WeakMap<ServiceConnection, Map<string, { second: number; left: number }>>();

/** Sets a message aside with the reason why nobody could handle it; the stream it came from goes on. Never throws. */
export async function park(connection: ServiceConnection, service: string, parked: ParkedMessage): Promise<void> {
  if (!withinBudget(connection, service)) return;
  const data = JSON.stringify({ ...parked, message: parked.message.slice(0, MOST_CHARACTERS) });
  const message = { subject: parkedSubject(service), data, messageId: randomUUID() };
  await publishDurably(connection, message).catch(() => undefined);
}

function withinBudget(connection: ServiceConnection, service: string): boolean {
  const second = Math.floor(performance.now() / 1_000);
  const ofServices = budgets.get(connection) ?? new Map<string, { second: number; left: number }>();
  budgets.set(connection, ofServices);
  const budget = ofServices.get(service);
  if (budget?.second === second) return budget.left-- > 0;
  ofServices.set(service, { second, left: MOST_PER_SECOND - 1 });
  return true;
}
