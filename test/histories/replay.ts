import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import type { Fold } from '#contracts/decision.js';
import type { RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { upcast } from '#event-store/core/upcast.js';
import { networkFold } from '#topology/network-fold.js';
import { systemFold } from '#topology/system-fold.js';

/** What replaying a history must lead to. */
export interface Outcome {
  /** Of the fold: another shape of state has another digest. */
  schema: number;
  version: number;
  /** SHA-256, hex, of the state's canonical JSON. */
  digest: string;
}

/** Folds the facts of one stream as a service of today would. */
export function replay(facts: RecordedFact[]): Outcome {
  return facts[0]?.stream === SYSTEM_STREAM ? outcomeOf(systemFold, facts) : outcomeOf(networkFold, facts);
}

function outcomeOf<State extends { version: number }>(fold: Fold<State>, facts: RecordedFact[]): Outcome {
  const state = facts.reduce((before, fact) => fold.evolve(before, upcast(fact)), fold.initialState);
  return { schema: fold.schema, version: state.version, digest: sha256Hex(canonicalJson(fold.toJson(state))) };
}

/** One fact per line. */
export const parseHistory = (text: string): RecordedFact[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedFact);
