import type { NewFact, RecordedFact } from './facts.js';

/** What a pure decider says to one command. */
export interface Decision {
  facts: NewFact[];
  /** JSON kept with the command id: the same id again gets it back. Never holds a secret. */
  answer: unknown;
  /** Facts of other streams that must be true together with these (a network's list entry and its first fact). */
  also?: { stream: string; expectedVersion: number; facts: NewFact[] }[];
}

export interface Command<State> {
  commandId: string;
  /** Hash of the request: the same id with another one is refused with `idempotency_mismatch`. */
  fingerprint: string;
  /** Pure. @throws Refusal */
  decide(state: State): Decision;
}

export interface Outcome<Answer = unknown> {
  answer: Answer;
  /** Log version after this command (unchanged when it made no fact). */
  version: number;
  facts: RecordedFact[];
  /** True when the answer is that of an earlier call with the same id. */
  repeated: boolean;
}

/** How a stream folds. `evolve` is pure and never throws on a recorded fact. */
export interface Fold<State> {
  /** Raised when the shape of a snapshot changes. */
  schema: number;
  initialState: State;
  evolve(state: State, fact: RecordedFact): State;
  /** State to JSON and back, for snapshots. */
  toJson(state: State): unknown;
  fromJson(json: unknown): State;
}
