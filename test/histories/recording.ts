import type { Decision, Fold } from '#contracts/decision.js';
import type { NewFact, RecordedFact } from '#contracts/facts.js';
import { chainFacts, GENESIS_HASH } from '#event-store/core/hash-chain.js';
import { foldNew } from '#topology/command.js';

/** A log in memory with a clock of its own: the same commands give the same bytes. */
export class Recording {
  readonly streams = new Map<string, RecordedFact[]>();
  #now = Date.parse('2026-06-01T08:00:00.000Z');
  #commands = 0;

  /** What the next command carries; a minute passes. */
  meta(actor = 'token/ops') {
    this.#now += 60_000;
    this.#commands += 1;
    return { commandId: `command-${this.#commands}`, actor, at: new Date(this.#now).toISOString() };
  }

  pass(hours: number): void {
    this.#now += hours * 3_600_000;
  }

  state<State extends { version: number }>(stream: string, fold: Fold<State>): State {
    return foldNew(fold, fold.initialState, this.streams.get(stream) ?? []);
  }

  keep(stream: string, { facts, also = [] }: Decision): void {
    this.#append(stream, facts);
    for (const part of also) this.#append(part.stream, part.facts);
  }

  #append(stream: string, facts: NewFact[]): void {
    const before = this.streams.get(stream) ?? [];
    const head = before.at(-1) ?? { version: 0, hash: GENESIS_HASH };
    const recorded = chainFacts(stream, head, facts).map(({ version, hash }, index): RecordedFact => {
      const fact = facts[index]!;
      return { ...fact, stream, version, hash, recordedAt: fact.metadata.at };
    });
    this.streams.set(stream, [...before, ...recorded]);
  }
}
