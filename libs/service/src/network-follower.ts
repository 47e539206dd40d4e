import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { SNAPSHOT_EVERY } from './decisions-on.js';
import { RecentHistory } from './recent-history.js';

/** Facts read at a time. */
const PAGE = 1_000;

/** Facts as they happen, per stream in version order, each once (libs/messaging `followFacts`). */
export type FollowFacts = (options: {
  /** Stream → newest version already known; streams that are not named begin at 0. */
  from: ReadonlyMap<string, number>;
  onFacts(stream: string, facts: RecordedFact[]): void | Promise<void>;
}) => Promise<{ stop(): Promise<void> }>;

export interface NetworkChange {
  /** The network's id. */
  network: string;
  /** After the facts. */
  state: NetworkState;
  facts: RecordedFact<NetworkFact>[];
}

/** The fold of every network, loaded once and then kept current by the feed of facts: what each planning service starts from. */
export class NetworkFollower {
  readonly #states = new Map<string, NetworkState>();
  readonly #recent = new Map<string, RecentHistory>();
  readonly #listeners = new Set<(change: NetworkChange) => void>();
  readonly #history: DecisionMaker<NetworkState>;
  #feed: { stop(): Promise<void> } | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly follow: FollowFacts,
  ) {
    this.#history = new DecisionMaker({ store, fold: networkFold, snapshotEvery: SNAPSHOT_EVERY, later: setImmediate });
  }

  /** Loads every network from its snapshot and tail, then follows. @throws Unavailable when the log is away */
  async start(): Promise<void> {
    const from = new Map<string, number>();
    for (const [stream, head] of await this.store.heads()) {
      if (stream === SYSTEM_STREAM) {
        from.set(stream, head);
        continue;
      }
      const recent = await this.#load(stream);
      this.#recent.set(stream, recent);
      this.#states.set(stream, recent.latest);
      from.set(stream, recent.latest.version);
    }
    this.#feed = await this.follow({ from, onFacts: (stream, facts) => this.#fold(stream, facts) });
  }

  async stop(): Promise<void> {
    await this.#feed?.stop();
  }

  /** Network id → state, of every network with a log, deleted ones too. */
  get states(): ReadonlyMap<string, NetworkState> {
    return this.#states;
  }

  /** Called after each fold. Returns a function that ends it. */
  onChange(listener: (change: NetworkChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when a network's fold holds everything the log held at the time of the call. @throws Unavailable */
  async caughtUp(network: string): Promise<void> {
    const head = await this.store.head(network);
    const isLevel = () => (this.#states.get(network)?.version ?? 0) >= head;
    if (isLevel()) return;
    await new Promise<void>((resolve) => {
      const end = this.onChange((change) => {
        if (change.network !== network || !isLevel()) return;
        end();
        resolve();
      });
    });
  }

  /** A network as it was at a version. @throws Unavailable */
  async stateAt(network: string, version: number): Promise<NetworkState> {
    return this.#recent.get(network)?.stateAt(version) ?? (await this.#history.at(network, version)).state;
  }

  /** All facts of a network after a version. @throws Unavailable */
  async factsAfter(network: string, version: number): Promise<RecordedFact<NetworkFact>[]> {
    return this.#recent.get(network)?.factsAfter(version) ?? this.#factsAfter(network, version);
  }

  async #factsAfter(network: string, version: number): Promise<RecordedFact<NetworkFact>[]> {
    const facts: RecordedFact[] = [];
    for (;;) {
      const page = await this.store.read(network, { after: version + facts.length });
      facts.push(...page);
      if (page.length === 0) return facts as RecordedFact<NetworkFact>[];
    }
  }

  async #load(stream: string): Promise<RecentHistory> {
    const snapshot = await this.#history.newestSnapshot(stream);
    const recent = new RecentHistory(snapshot.state);
    for (let length = PAGE; length === PAGE;) {
      const page = await this.store.read(stream, { after: recent.latest.version, limit: PAGE });
      recent.fold(page);
      length = page.length;
    }
    const { version } = recent.latest;
    if (version - snapshot.version >= SNAPSHOT_EVERY)
      setImmediate(() => void this.#saveSnapshot(stream, recent.latest));
    return recent;
  }

  /** Whoever could not costs the next start some time, and nothing else. */
  async #saveSnapshot(stream: string, state: NetworkState): Promise<void> {
    const { schema, toJson } = networkFold;
    await this.store
      .saveSnapshot({ stream, version: state.version, schema, state: toJson(state) })
      .catch(() => undefined);
  }

  #fold(stream: string, facts: RecordedFact[]): void {
    if (stream === SYSTEM_STREAM) return;
    let recent = this.#recent.get(stream);
    if (!recent) this.#recent.set(stream, (recent = new RecentHistory(networkFold.initialState)));
    const state = recent.fold(facts);
    this.#states.set(stream, state);
    for (const listener of this.#listeners)
      listener({ network: stream, state, facts: facts as RecordedFact<NetworkFact>[] });
  }
}
