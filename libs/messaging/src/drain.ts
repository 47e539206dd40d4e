import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { pause } from './pause.js';

/** A broker that does not answer for so long gets no more time. */
const PATIENCE_MS = 3_000;

/**
 * Delivers what is on its way, then closes. While the connection is lost, or the broker is silent, the client would wait for ever: it
 * closes all the same, and what was on its way is lost.
 */
export async function drain(nats: NatsConnection): Promise<void> {
  await unlessLost(nats, nats.drain());
  await nats.close();
}

/** Takes in what is on its way to a subscription and ends it, with the same patience. */
export function drainSubscription(nats: NatsConnection, subscription: Subscription): Promise<void> {
  return unlessLost(nats, subscription.drain());
}

async function unlessLost(nats: NatsConnection, drained: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([drained.catch(() => undefined), lost(nats), pause(PATIENCE_MS, over.signal)]);
  over.abort();
}

async function lost(nats: NatsConnection): Promise<void> {
  for await (const { type } of nats.status()) if (type === 'disconnect') return;
}
