import { expect } from '@jest/globals';
import type { Decision, Fold } from '#contracts/decision.js';
import { isRefusal, type RefusalCode } from '#contracts/errors.js';
import type { AnyFact, NewFact } from '#contracts/facts.js';
import { foldNew, type CommandMeta } from '#topology/command.js';

/** Noon of the day on which every spec plays. */
export const NOON = '2026-06-01T12:00:00.000Z';

/** @param seconds after NOON; may be negative */
export const at = (seconds: number): string => new Date(Date.parse(NOON) + seconds * 1000).toISOString();

export const meta = (overrides: Partial<CommandMeta> = {}): CommandMeta => ({
  commandId: 'command-1',
  actor: 'token/ops',
  at: NOON,
  ...overrides,
});

/** A fact that some earlier command made. */
export const fact = (anyFact: AnyFact, recordedAt = NOON): NewFact => ({
  ...anyFact,
  metadata: { actor: 'token/ops', commandId: 'earlier', at: recordedAt },
});

/** `given(fold, facts).when(decide, command).thenFacts(…)`: facts without metadata were recorded at NOON. */
export function given<State extends { version: number }>(fold: Fold<State>, facts: (AnyFact | NewFact)[] = []) {
  const recorded = facts.map((one) => ('metadata' in one ? one : fact(one)));
  return givenState(fold, foldNew(fold, fold.initialState, recorded));
}

export function givenState<State extends { version: number }>(fold: Fold<State>, state: State) {
  return {
    state,
    when<C extends CommandMeta>(decide: (command: C, state: State) => Decision, command: C) {
      const attempt = () => decide(command, state);
      return {
        /** Exactly these facts, all signed with the command's actor, id and time. */
        thenFacts(...expected: AnyFact[]) {
          const { facts, answer } = attempt();
          expect(facts.map(({ type, data }) => ({ type, data }))).toEqual(expected);
          const { actor, commandId, at: decidedAt } = command;
          for (const { metadata } of facts) expect(metadata).toEqual({ actor, commandId, at: decidedAt });
          const after = foldNew(fold, state, facts);
          return {
            answer,
            after,
            /** The same wish under another id changes nothing more. */
            thenNothingWhenRepeated() {
              const repeated = decide({ ...command, commandId: 'command-2', expectedVersion: undefined }, after);
              expect(repeated.facts).toEqual([]);
              expect(repeated.also ?? []).toEqual([]);
              expect(repeated.answer).toEqual(answer);
            },
          };
        },
        thenNothing() {
          return this.thenFacts();
        },
        thenRefused(code: RefusalCode, detail: string | RegExp = '') {
          const refusal = refusalOf(attempt);
          expect(refusal.code).toBe(code);
          expect(refusal.detail).toMatch(detail);
          return refusal;
        },
      };
    },
  };
}

/** What the attempt is refused with. */
export function refusalOf(attempt: () => unknown) {
  try {
    attempt();
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
