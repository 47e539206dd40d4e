import { type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { NodeMessage } from '#contracts/node-stream.js';
import type { ResyncReport } from '#contracts/reports.js';
import { liveSubject, nodeDeltaSubject, nodeFullSubject } from '#contracts/subjects.js';
import { DIRECT_GET } from './account-claims.js';
import { readNodeMessage } from './node-message.js';
import type { SealOpener } from './node-seal.js';
import { pause } from './pause.js';

/** Where a node's state stands. */
export interface Position {
  epoch: number;
  revision: number;
}

/** What the fold said: taken, older than what is held, or why it does not lead on. */
export type Verdict = 'folded' | 'stale' | ResyncReport['reason'];

export interface FollowOptions {
  /** Opens what was sealed for this node. */
  opener: SealOpener;
  /** What the node holds now; undefined: nothing. Folding moves it. */
  held(): Position | undefined;
  /** Folds a message that the controller really sealed for this node. Called in order, one at a time. What it throws counts as `unreadable`. */
  onMessage(message: NodeMessage): Verdict;
  /** Nothing that the stream holds leads on from here: the controller must be asked for a full. Repeated with growing pauses. */
  onResync(report: ResyncReport): void;
  /** Seconds between looks for messages that were lost on the way, ±50 % (default 60; 0: never). */
  lookEverySeconds?: number;
}

/** The connection a follower reads through. */
export interface FollowerLink {
  nats: NatsConnection;
  /** `$JS.API`, or what the agents' account maps to it. */
  apiPrefix: string;
}

/** Live messages kept while the stream is read. Older ones are dropped: the ring has them. */
const BUFFER = 512;
/** Slots of the ring that are read at once, after the first has led on. */
const READ_AHEAD = 16;
const REQUEST_TIMEOUT_MS = 3_000;
/** The first looks after a connect, give or take half, so that those who lost a broker together do not all look at once. */
const FIRST_LOOKS_SECONDS = [1, 4];
/** The first pause between attempts to read on, doubled each time, and the last. */
const PAUSE_MS = { first: 50, last: 30_000 };
/** Attempts before the controller is asked: a replica of the stream may lag behind what was sent live. */
const PATIENCE = 3;

type Behind = ResyncReport['reason'];

/**
 * Follows one node's desired state (docs/nats.md): live messages in order while they lead on; at the start, after a
 * reconnect and at every gap, what is missing is read from the stream: the ring if it leads on from what is held, else
 * the full and the ring after it. Messages that come live meanwhile wait, and are then offered in order.
 */
export class NodeFollower {
  readonly #subscription: Subscription;
  readonly #end = new AbortController();
  #state: 'level' | 'reading' | 'pausing' = 'level';
  #waiting: NodeMessage[] = [];
  #again = false;
  #pause = new AbortController();
  #look: NodeJS.Timeout | undefined;
  /** Looks since the last connect. */
  #looks = 0;
  #unreadable = 0;

  constructor(
    private readonly link: FollowerLink,
    private readonly options: FollowOptions,
  ) {
    this.#subscription = link.nats.subscribe(liveSubject(options.opener.nodeId), {
      callback: (error, message) => {
        if (!error) this.#onLive(message);
      },
    });
    this.lookAgain();
  }

  /** Whether everything that the stream is known to hold has been offered. */
  get level(): boolean {
    return this.#state === 'level';
  }

  /** Messages ignored because the controller did not seal them for this node, or because they cannot be understood. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Reads on from what is held now: after a reconnect, or when what is held has changed by other means. */
  lookAgain(): void {
    this.#looks = 0;
    if (this.#state === 'level') void this.#catchUp();
    else {
      this.#again = true;
      this.#pause.abort();
    }
  }

  stop(): void {
    this.#end.abort();
    this.#pause.abort();
    clearTimeout(this.#look);
    this.#subscription.unsubscribe();
  }

  #onLive(received: Msg): void {
    const message = readNodeMessage(received, this.options.opener);
    // Anybody may be able to send onto a live subject: what does not open is counted and changes nothing.
    if (!message) this.#unreadable++;
    else if (this.#state !== 'level' || !isAccepted(this.#offer(message))) this.#keep(message);
  }

  /** A fault in the handler must not take the connection's reader with it. */
  #offer(message: NodeMessage): Verdict {
    try {
      return this.options.onMessage(message);
    } catch {
      this.#unreadable++;
      return 'unreadable';
    }
  }

  #keep(message: NodeMessage): void {
    this.#waiting.push(message);
    if (this.#waiting.length > BUFFER) this.#waiting.shift();
    if (this.#state === 'level') void this.#catchUp();
    else if (this.#state === 'pausing' && this.#drain() === 'progress') this.#pause.abort();
  }

  async #catchUp(): Promise<void> {
    clearTimeout(this.#look);
    let attempts = 0;
    let behindFor = 0;
    for (;;) {
      this.#state = 'reading';
      this.#again = false;
      const behind = await this.#attempt();
      if (this.#end.signal.aborted) return;
      if (!behind && !this.#again) break;
      if (this.#again) attempts = 0;
      else if (behind !== 'unreachable' && ++behindFor > PATIENCE) this.#askForFull(behind as Behind);
      if (behind) await this.#pauseBefore(++attempts);
      if (this.#end.signal.aborted) return;
    }
    this.#state = 'level';
    this.#scheduleLook();
  }

  /** @returns why the node is not level; undefined when it is */
  async #attempt(): Promise<Behind | 'unreachable' | undefined> {
    try {
      let behind = await this.#readRing();
      if (behind) {
        const verdict = await this.#readFull();
        if (verdict === 'folded') behind = await this.#readRing();
        else if (verdict === 'unreadable') behind = verdict;
      }
      const drained = this.#drain();
      return drained === 'progress' ? undefined : (drained ?? behind);
    } catch {
      return 'unreachable';
    }
  }

  /** Offers the deltas that follow what is held. @returns why they do not lead to the end of the ring */
  async #readRing(): Promise<Behind | undefined> {
    const { nodeId } = this.options.opener;
    for (let ahead = 1; ; ahead = READ_AHEAD) {
      const held = this.options.held();
      if (!held) return 'no_state';
      const revisions = Array.from({ length: ahead }, (_, n) => held.revision + 1 + n);
      const deltas = await Promise.all(revisions.map((revision) => this.#stored(nodeDeltaSubject(nodeId, revision))));
      for (const [n, revision] of revisions.entries()) {
        const delta = deltas[n];
        if (delta === 'unreadable') return delta;
        // Nothing there, or what was there a lap ago: the end.
        if (!delta || (delta.head.revision < revision && delta.head.epoch <= held.epoch)) return undefined;
        const verdict = delta.head.revision === revision ? this.#offer(delta) : 'gap';
        if (verdict !== 'folded') return verdict === 'stale' ? 'gap' : verdict;
      }
    }
  }

  async #readFull(): Promise<Verdict | undefined> {
    const full = await this.#stored(nodeFullSubject(this.options.opener.nodeId));
    return typeof full === 'object' ? this.#offer(full) : full;
  }

  /**
   * Offers the messages that wait; those that do not lead on wait further.
   * @returns `progress` when some led on and none is left, else why one does not
   */
  #drain(): 'progress' | Behind | undefined {
    let progress = false;
    let behind: Behind | undefined;
    let folded = true;
    while (folded) {
      folded = false;
      behind = undefined;
      this.#waiting = this.#waiting.filter((message) => {
        if (!isNewer(message.head, this.options.held())) return false;
        const verdict = this.#offer(message);
        if (verdict === 'folded') progress = folded = true;
        else if (verdict !== 'stale') behind = verdict;
        return !isAccepted(verdict);
      });
    }
    return behind ?? (progress ? 'progress' : undefined);
  }

  /** Reads the newest message of a subject; undefined: there is none. Any replica of the stream answers, also one that lags. */
  async #stored(subject: string): Promise<NodeMessage | 'unreadable' | undefined> {
    const { nats, apiPrefix } = this.link;
    const answer = await nats.request(`${apiPrefix}.${DIRECT_GET}.${subject}`, '', { timeout: REQUEST_TIMEOUT_MS });
    const code = answer.headers?.code ?? 0;
    if (code === 404) return undefined;
    if (code !== 0) throw new Error(`the broker answers ${code} for ${subject}`);
    const message = readNodeMessage(answer, this.options.opener);
    if (!message) this.#unreadable++;
    return message ?? 'unreadable';
  }

  #askForFull(reason: Behind): void {
    const { epoch, revision } = this.options.held() ?? { epoch: 0, revision: 0 };
    this.options.onResync({ epoch, revision, reason });
  }

  async #pauseBefore(attempt: number): Promise<void> {
    this.#state = 'pausing';
    this.#pause = new AbortController();
    const longest = Math.min(PAUSE_MS.first * 2 ** (attempt - 1), PAUSE_MS.last);
    await pause(longest * (0.5 + Math.random() / 2), this.#pause.signal);
  }

  /**
   * Live messages are sent once: a look now and then finds the last one if it was lost. The first looks come soon: what was
   * told before this node listened may have been stored after it read, the sooner the smaller the change was, and the brokers
   * of a cluster learn of a new subscription one after the other.
   */
  #scheduleLook(): void {
    const every = this.options.lookEverySeconds ?? 60;
    const seconds = Math.min(every, FIRST_LOOKS_SECONDS[this.#looks++] ?? every);
    if (seconds > 0) this.#look = setTimeout(() => void this.#catchUp(), seconds * 1_000 * (0.5 + Math.random()));
  }
}

const isNewer = (head: Position, held: Position | undefined) =>
  !held || head.epoch > held.epoch || (head.epoch === held.epoch && head.revision > held.revision);

const isAccepted = (verdict: Verdict) => verdict === 'folded' || verdict === 'stale';
