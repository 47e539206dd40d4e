import type { Command, Fold } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import { Map as ImmutableMap } from 'immutable';
import { revoked } from './event-store.contract.js';
import type { NewFact } from './event-store.js';

/** A fold small enough to think about: every key seen, and the version it came with. */
export type Seen = ImmutableMap<string, number>;

export const seenFold: Fold<Seen> = {
  schema: 1,
  initialState: ImmutableMap(),
  evolve: (state, fact) => (fact.type === 'EnrolmentKeyRevoked' ? state.set(fact.data.keyId, fact.version) : state),
  toJson: (state) => state.toJSON(),
  fromJson: (json) => ImmutableMap(json as Record<string, number>),
};

/** Adds a key, refuses one that is there: `name_taken`. The answer is how many there were before. */
export function add(
  key: string,
  more: Partial<Command<Seen>> & { also?: { stream: string; expectedVersion: number } } = {},
): Command<Seen> {
  const { also, ...rest } = more;
  const commandId = more.commandId ?? `add-${key}`;
  const facts: NewFact[] = [revoked(key, commandId)];
  return {
    commandId,
    fingerprint: key,
    decide: (state) => {
      if (state.has(key)) throw new Refusal('name_taken', `${key} is there`);
      return { facts, answer: { before: state.size }, also: also && [{ ...also, facts }] };
    },
    ...rest,
  };
}

/** Makes no facts; the answer is the size it saw. */
export const count = (commandId: string): Command<Seen> => ({
  commandId,
  fingerprint: 'count',
  decide: (state) => ({ facts: [], answer: state.size }),
});
