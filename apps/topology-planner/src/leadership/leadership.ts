import { PUBLISHER_LEASES, publisherLease } from '#contracts/names.js';
import { preferredReplica } from './placement.js';

export interface Lease {
  name: string;
  holder: string;
  epoch: number;
}

export interface HeldLease extends Lease {
  /** Until it is free, unless it is renewed; milliseconds. */
  msLeft: number;
}

/** Leases of the log (libs/event-store): one holder per name, an epoch that rises with every new holder. */
export interface LeasePort {
  /** The lease if it is free, lapsed or ours already; undefined while another holds it. */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined>;
  /** Renews all that a holder has, also what lapsed and nobody took since; what is missing in the answer is lost. */
  renewAll(holder: string, prefix: string, ttlMs: number): Promise<Lease[]>;
  release(lease: Lease): Promise<void>;
  /** Held leases whose name begins so. */
  list(prefix: string): Promise<HeldLease[]>;
}

export interface LeadershipOptions {
  leases: LeasePort;
  /** This replica; another one after every start. */
  holder: string;
  ttlMs: number;
  /** Milliseconds that only ever grow. */
  monotonic(): number;
  /** Whether it could publish at once. One that could not is given nothing while there is another that can. */
  isPrepared(): boolean;
  onGained(network: string, epoch: number): Promise<void>;
  onLost(network: string): Promise<void>;
  /** What is held is held for another while: it may have been in doubt before. */
  onRenewed(): void;
  onError(error: unknown): void;
}

/** Leases are renewed this often within their life. */
const ROUNDS_PER_TTL = 4;
const REPLICA = 'topology-planner:replica:';

/**
 * Which networks this replica publishes for. A lease counts from before the request was sent, so that it never
 * outlives the database's view of it; whoever cannot renew in time stops publishing by itself, until the database says whether
 * somebody else has it now.
 */
export class Leadership {
  readonly #held = new Map<string, Lease>();
  readonly #wanted = new Set<string>();
  /** Rounds in which a network that we hold should have been another's. */
  readonly #overdue = new Map<string, number>();
  /** Monotonic time until which nobody else can have what we hold. */
  #safeUntil = 0;
  /** Resolves when the database has answered, or something is given back. */
  #settled = newSignal();
  #timer: NodeJS.Timeout | undefined;
  /** For when a lease that somebody else has is over. */
  #lapse: NodeJS.Timeout | undefined;
  /** Lease of a publisher → its epoch, as seen last; when one was first seen with another epoch. */
  #epochs = new Map<string, number>();
  #changedHandsAt = -Infinity;
  #rounds: Promise<void> = Promise.resolve();
  #roundQueued = false;

  constructor(private readonly options: LeadershipOptions) {}

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.options.ttlMs / ROUNDS_PER_TTL);
  }

  /** Wants to publish for a network, from now on. */
  want(network: string): void {
    this.#wanted.add(network);
    this.#tick();
  }

  /** Gives a lease back although it is held: the publisher could not go on. It is taken again with a higher epoch. */
  async stepDown(network: string): Promise<void> {
    const lease = this.#held.get(network);
    if (!lease) return;
    this.#held.delete(network);
    // What is on its way waits to know, and is waited for.
    this.#settle();
    await this.options.onLost(network);
    await this.options.leases.release(lease).catch((error: unknown) => this.options.onError(error));
  }

  /** Whether this replica may publish for a network now. While that is in doubt, what the database says of it, as soon as it does. */
  mayPublish(network: string): boolean | Promise<boolean> {
    if (!this.#held.has(network)) return false;
    if (this.#safeUntil > this.options.monotonic()) return true;
    return this.#settled.given.then(() => this.mayPublish(network));
  }

  /** Under which epoch it publishes for a network; undefined: it does not. */
  epochOf(network: string): number | undefined {
    return this.#held.get(network)?.epoch;
  }

  /** Whether another replica may have taken a network over within so many milliseconds: what it does then is urgent. */
  hasOtherBegun(withinMs: number): boolean {
    return this.options.monotonic() - this.#changedHandsAt < withinMs;
  }

  /** Networks this replica publishes for, sorted. */
  get networks(): string[] {
    return [...this.#held.keys()].sort();
  }

  /** Stops and gives every lease back, so that others need not wait for them to lapse. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#wanted.clear();
    await this.#rounds;
    // A round may have set it just now.
    clearTimeout(this.#lapse);
    for (const network of this.networks) await this.stepDown(network);
    const [presence] = await this.options.leases.list(REPLICA + this.options.holder);
    if (presence) await this.options.leases.release(presence);
  }

  #tick(): void {
    if (this.#roundQueued) return;
    this.#roundQueued = true;
    this.#rounds = this.#rounds.then(async () => {
      this.#roundQueued = false;
      await this.#round().catch((error: unknown) => this.options.onError(error));
    });
  }

  async #round(): Promise<void> {
    const { leases, holder, ttlMs, monotonic, isPrepared } = this.options;
    const asked = monotonic();
    const renewed = await leases.renewAll(holder, PUBLISHER_LEASES, ttlMs);
    const epochs = new Map(renewed.map(({ name, epoch }) => [name, epoch]));
    const lost = [...this.#held].filter(([, { name, epoch }]) => epochs.get(name) !== epoch);
    for (const [network] of lost) this.#held.delete(network);
    this.#safeUntil = asked + ttlMs;
    this.#settle();
    for (const [network] of lost) await this.options.onLost(network);
    this.options.onRenewed();

    if (isPrepared()) await leases.acquire(REPLICA + holder, holder, ttlMs);
    const prepared = await leases.list(REPLICA);
    const replicas = prepared.length > 0 ? prepared.map((lease) => lease.holder) : [holder];
    for (const network of this.#wanted) {
      // However many there are to take: those that are held are renewed in time.
      if (monotonic() - asked > ttlMs / ROUNDS_PER_TTL) return this.#tick();
      const mine = preferredReplica(network, replicas) === holder;
      if (mine === this.#held.has(network)) this.#overdue.delete(network);
      else if (mine) await this.#take(network);
      else await this.#makeWay(network);
    }
    const isFollowing = [...this.#wanted].some((network) => !this.#held.has(network));
    const publishers = isFollowing ? await leases.list(PUBLISHER_LEASES) : [];
    this.#lookAtLapse([...prepared, ...publishers]);
    this.#lookAtHands(publishers);
  }

  #lookAtHands(publishers: readonly HeldLease[]): void {
    const { holder, monotonic, ttlMs } = this.options;
    for (const { name, epoch, holder: publisher, msLeft } of publishers) {
      const before = this.#epochs.get(name);
      this.#epochs.set(name, epoch);
      // Seen for the first time, it may be of one that has died: that is not renewed.
      const isNew = before === undefined ? msLeft > ttlMs / 2 : before !== epoch;
      if (isNew && publisher !== holder) this.#changedHandsAt = monotonic();
    }
  }

  /** Who renews has more than a round left of a lease; who does not is gone, or late: then a round comes as soon as it is over. */
  #lookAtLapse(leases: readonly HeldLease[]): void {
    clearTimeout(this.#lapse);
    const msLeft = Math.min(...leases.map((lease) => lease.msLeft));
    if (msLeft < this.options.ttlMs / ROUNDS_PER_TTL) this.#lapse = setTimeout(() => this.#tick(), msLeft + 1);
  }

  async #take(network: string): Promise<void> {
    const { leases, holder, ttlMs, onGained } = this.options;
    const lease = await leases.acquire(publisherLease(network), holder, ttlMs);
    if (!lease) return;
    this.#held.set(network, lease);
    // Not awaited: bringing one large network up must not keep the other leases from being renewed.
    onGained(network, lease.epoch).catch((error: unknown) => {
      this.options.onError(error);
      void this.stepDown(network);
    });
  }

  /** Another replica should have this network: hand it over, once that one has been there for two lives of a lease. */
  async #makeWay(network: string): Promise<void> {
    const rounds = (this.#overdue.get(network) ?? 0) + 1;
    this.#overdue.set(network, rounds);
    if (rounds < ROUNDS_PER_TTL * 2) return;
    this.#overdue.delete(network);
    await this.stepDown(network);
  }

  #settle(): void {
    const { give } = this.#settled;
    this.#settled = newSignal();
    give();
  }
}

function newSignal(): { given: Promise<void>; give(): void } {
  let give: () => void = () => {};
  return { given: new Promise((resolve) => (give = resolve)), give: () => give() };
}
