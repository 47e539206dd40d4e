import type { Fold } from '#contracts/decision.js';
import type { AnyFact, Metadata, NewFact } from '#contracts/facts.js';

/** What every command carries. Time comes in here: deciders have no clock. */
export interface CommandMeta {
  commandId: string;
  /** `token/<name>`, `node/<id>`, `key/<id>`, `service/<name>`, `source/<name>` */
  actor: string;
  /** ISO 8601 UTC. */
  at: string;
  causationId?: string;
  correlationId?: string;
}

/** A command that may be bound to what its sender saw (`If-Match`). */
export interface GuardedCommand extends CommandMeta {
  /** `version` of the resource; another one there now: `version_mismatch`. */
  expectedVersion?: number;
}

export function metadataOf({ commandId, actor, at, causationId, correlationId }: CommandMeta): Metadata {
  return { actor, commandId, ...(causationId && { causationId }), ...(correlationId && { correlationId }), at };
}

/** Facts as a decider returns them. */
export function factsOf(command: CommandMeta, ...facts: AnyFact[]): NewFact[] {
  const metadata = metadataOf(command);
  return facts.map((fact) => ({ ...fact, metadata }));
}

/** The state as it will be once these facts are appended: for answers, batches and dry runs. */
export function foldNew<State extends { version: number }>(fold: Fold<State>, state: State, facts: NewFact[]): State {
  return facts.reduce((before, fact) => {
    const version = before.version + 1;
    return fold.evolve(before, { ...fact, stream: '', version, hash: '', recordedAt: fact.metadata.at });
  }, state);
}
