import type { Command, Decision, Fold } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { CommandAnswer, NewFact, RecordedFact, StreamAppend } from './event-store.js';

export interface BatchInput<State> {
  stream: string;
  fold: Fold<State>;
  state: State;
  version: number;
  commands: Command<State>[];
  /** Answers the log already holds for these commands. */
  remembered: CommandAnswer[];
}

/** What becomes of one command, once the batch is in the log. */
export type Verdict =
  | { kind: 'decided'; answer: CommandAnswer; /** Log version after the command. */ version: number; also: string[] }
  | { kind: 'repeated'; answer: CommandAnswer }
  | { kind: 'failed'; error: unknown };

export interface Batch {
  parts: StreamAppend[];
  answers: CommandAnswer[];
  /** In the order of the commands. Shorter than them when the rest must wait for the next batch. */
  verdicts: Verdict[];
}

/**
 * Decides commands one after another, each on the state that the ones before it lead to, and gathers what they made
 * into one append. A refused command leaves no trace. A batch ends before a command that touches another stream a
 * second time: it could not have known that stream's version.
 */
export function decideBatch<State>(input: BatchInput<State>): Batch {
  const { stream, fold, commands } = input;
  const known = new Map(input.remembered.map((answer) => [answer.commandId, answer]));
  const facts: NewFact[] = [];
  const others = new Map<string, StreamAppend>();
  const answers: CommandAnswer[] = [];
  const verdicts: Verdict[] = [];
  let { state } = input;

  for (const command of commands) {
    const before = known.get(command.commandId);
    if (before) {
      verdicts.push(repeat(command, before));
      continue;
    }
    let decision: Decision;
    let next = state;
    const first = input.version + facts.length + 1;
    try {
      decision = command.decide(state);
      checkOthers(stream, decision);
      decision.facts.forEach((fact, i) => (next = fold.evolve(next, provisional(stream, first + i, fact))));
    } catch (error) {
      verdicts.push({ kind: 'failed', error });
      continue;
    }
    const also = decision.also ?? [];
    if (also.some((part) => others.has(part.stream))) break;

    state = next;
    facts.push(...decision.facts);
    for (const part of also) others.set(part.stream, part);
    const versions = decision.facts.map((_, i) => first + i);
    const { commandId, fingerprint } = command;
    const answer: CommandAnswer = { stream, commandId, fingerprint, answer: decision.answer ?? null, versions };
    known.set(commandId, answer);
    answers.push(answer);
    verdicts.push({ kind: 'decided', answer, version: first + versions.length - 1, also: also.map((p) => p.stream) });
  }
  const own = { stream, expectedVersion: input.version, facts };
  return { parts: [own, ...others.values()].filter((part) => part.facts.length > 0), answers, verdicts };
}

function repeat<State>(command: Command<State>, answer: CommandAnswer): Verdict {
  if (answer.fingerprint === command.fingerprint) return { kind: 'repeated', answer };
  const detail = `command id ${command.commandId} was used for another request; send this one under a new id`;
  return { kind: 'failed', error: new Refusal('idempotency_mismatch', detail) };
}

/** A decider that names its own stream, or one stream twice, in `also` is wrong: only its command fails. */
function checkOthers(stream: string, { also = [] }: Decision): void {
  const streams = [stream, ...also.map((part) => part.stream)];
  const twice = streams.find((name, i) => streams.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`a decision may have only one part for stream ${twice}`);
}

/** As the fold will see it, but for hash and time, which only the log gives. The state made from it is not kept. */
function provisional(stream: string, version: number, fact: NewFact): RecordedFact {
  return { ...fact, stream, version, hash: '', recordedAt: fact.metadata.at };
}
