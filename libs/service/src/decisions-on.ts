import type { Fold } from '#contracts/decision.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { EventStore } from '#event-store/core/event-store.js';
import type { Logger } from '#event-store/core/logger.js';

/** Facts between two snapshots of a stream: a start folds at most so many. */
export const SNAPSHOT_EVERY = 2_000;

/** Decides on streams of one kind, in a replica among others. */
export function decisionsOn<State>(
  fold: Fold<State>,
  { store, logger }: { store: EventStore; logger: Logger },
): DecisionMaker<State> {
  return new DecisionMaker({ store, fold, snapshotEvery: SNAPSHOT_EVERY, logger, pause: backOff, later: setImmediate });
}

/** Waits before try `attempt`; random, so that two replicas that collided do not collide again. */
export function backOff(attempt: number): Promise<void> {
  const milliseconds = Math.random() * Math.min(100, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
