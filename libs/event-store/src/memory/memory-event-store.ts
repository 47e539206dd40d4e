import { canonicalJson } from '#contracts/canonical.js';
import { ConcurrencyConflict } from '#contracts/errors.js';
import type {
  CommandAnswer,
  EventStore,
  ReadOptions,
  RecordedFact,
  Snapshot,
  StreamAppend,
} from '../core/event-store.js';
import { chainFacts, GENESIS_HASH, type ChainedFact } from '../core/hash-chain.js';
import { upcast, type Upcasters } from '../core/upcast.js';

interface StoredFact extends ChainedFact {
  recordedAt: string;
}

export interface MemoryEventStoreOptions {
  /** ISO 8601 UTC with milliseconds; default: the clock. */
  now?: () => string;
  upcasters?: Upcasters;
}

/** The log in memory: the same contract as the one on PostgreSQL, for tests and simulations. Nothing survives the process. */
export class MemoryEventStore implements EventStore {
  readonly #now: () => string;
  readonly #upcasters: Upcasters | undefined;
  readonly #streams = new Map<string, StoredFact[]>();
  readonly #answers = new Map<string, CommandAnswer>();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #listeners = new Set<(facts: RecordedFact[]) => void>();

  constructor({ now = () => new Date().toISOString(), upcasters }: MemoryEventStoreOptions = {}) {
    this.#now = now;
    this.#upcasters = upcasters;
  }

  async append(parts: StreamAppend[], answers: CommandAnswer[]): Promise<RecordedFact[]> {
    const now = this.#now();
    const stored = parts.flatMap(({ stream, expectedVersion, facts }) => {
      if (facts.length === 0) return [];
      const newest = this.#streams.get(stream)?.at(-1);
      if ((newest?.version ?? 0) !== expectedVersion) throw new ConcurrencyConflict(stream, expectedVersion);
      const recordedAt = newest && newest.recordedAt > now ? newest.recordedAt : now;
      const head = { version: expectedVersion, hash: newest?.hash ?? GENESIS_HASH };
      return chainFacts(stream, head, facts).map((fact) => ({ ...fact, recordedAt }));
    });
    const kept = answers.map((answer) => JSON.parse(canonicalJson(answer)) as CommandAnswer);
    for (const { stream, commandId } of kept) {
      if (this.#answers.has(answerKey(stream, commandId)))
        throw new ConcurrencyConflict(stream, versionOf(parts, stream));
    }

    for (const fact of stored) {
      const facts = this.#streams.get(fact.stream);
      if (facts) facts.push(fact);
      else this.#streams.set(fact.stream, [fact]);
    }
    for (const answer of kept) this.#answers.set(answerKey(answer.stream, answer.commandId), answer);
    const recorded = stored.map(parse);
    if (recorded.length > 0) for (const listener of this.#listeners) listener(recorded);
    return recorded;
  }

  async read(stream: string, options: ReadOptions = {}): Promise<RecordedFact[]> {
    const { after = 0, upTo = Infinity, limit = 1000, asRecorded = false } = options;
    const facts = (this.#streams.get(stream) ?? []).slice(after, Math.min(upTo, after + limit)).map(parse);
    return asRecorded ? facts : facts.map((fact) => upcast(fact, this.#upcasters));
  }

  async head(stream: string): Promise<number> {
    return this.#streams.get(stream)?.length ?? 0;
  }

  async heads(): Promise<Map<string, number>> {
    return new Map([...this.#streams].map(([stream, facts]) => [stream, facts.length]));
  }

  async versionAt(stream: string, at: string): Promise<number> {
    const time = new Date(at).toISOString();
    return this.#streams.get(stream)?.findLast((fact) => fact.recordedAt <= time)?.version ?? 0;
  }

  async answersOf(stream: string, commandIds: string[]): Promise<CommandAnswer[]> {
    return commandIds.flatMap((id) => this.#answers.get(answerKey(stream, id)) ?? []).map((a) => structuredClone(a));
  }

  async snapshot(stream: string, options: { schema: number; upTo?: number }): Promise<Snapshot | undefined> {
    const { schema, upTo = Infinity } = options;
    const [newest] = [...this.#snapshots.values()]
      .filter((s) => s.stream === stream && s.schema === schema && s.version <= upTo)
      .sort((a, b) => b.version - a.version);
    return structuredClone(newest);
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const { stream, schema, version } = snapshot;
    this.#snapshots.set(JSON.stringify([stream, schema, version]), JSON.parse(JSON.stringify(snapshot)) as Snapshot);
  }

  onAppended(listener: (facts: RecordedFact[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const answerKey = (stream: string, commandId: string) => JSON.stringify([stream, commandId]);

const versionOf = (parts: StreamAppend[], stream: string) =>
  parts.find((part) => part.stream === stream)?.expectedVersion ?? 0;

/** Parsed anew each time, so that no reader can change what another reads. */
function parse({ data, metadata, ...rest }: StoredFact): RecordedFact {
  return { ...rest, data: JSON.parse(data), metadata: JSON.parse(metadata) } as RecordedFact;
}
