import type { AnyFact, RecordedFact } from './event-store.js';

/**
 * One step per type whose recorded shape has changed: the data as some release recorded it → as the newest release
 * means it. It must take the data of every release since the type exists, and never read a clock or another fact.
 */
export type Upcasters = {
  readonly [Type in AnyFact['type']]?: (recorded: unknown) => Extract<AnyFact, { type: Type }>['data'];
};

/** The upcasters of this release. None yet: every type still has the shape it was first recorded in. */
export const UPCASTERS: Upcasters = {};

/**
 * A recorded fact in today's shape. Stores apply it when they read, so no fold sees an old shape; the hash stays that
 * of what was recorded, so a chain is verified without it (`asRecorded`).
 */
export function upcast(fact: RecordedFact, upcasters: Upcasters = UPCASTERS): RecordedFact {
  const step: ((recorded: unknown) => unknown) | undefined = upcasters[fact.type];
  return step ? ({ ...fact, data: step(fact.data) } as RecordedFact) : fact;
}
