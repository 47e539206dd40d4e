import { PUBLISHER_LEASES, publisherLease } from '#contracts/names.js';
import { preferredReplica } from './placement.js';

export interface Lease {
  name: string;
  holder: string;
  epoch: number;
}

/** Leases of the log (libs/event-store): one holder per name, an epoch that rises with every new holder. */
export interface LeasePort {
  /** The lease if it is free, lapsed or ours already; undefined while another holds it. */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined>;
  /** Renews all that a holder has; what is missing in the answer is lost. */
  renewAll(holder: string, prefix: string, ttlMs: number): Promise<Lease[]>;
  release(lease: Lease): Promise<void>;
  /** Held leases whose name begins so. */
  list(prefix: string): Promise<Lease[]>;
}

export interface LeadershipOptions {
  leases: LeasePort;
  /** This replica; another one after every start. */
  holder: string;
  ttlMs: number;
  /** Milliseconds that only ever grow. */
  monotonic(): number;
  onGained(network: string, epoch: number): Promise<void>;
  onLost(network: string): Promise<void>;
  /** What is held is held for another while: it may have been doubtful before. */
  onRenewed(): void;
  onError(error: unknown): void;
}

/** Leases are renewed this often within their life. */
const ROUNDS_PER_TTL = 4;
const REPLICA = 'topology-planner:replica:';

/**
 * Which networks this replica publishes for. A lease counts from before the request was sent, so that it never
 * outlives the database's view of it; whoever cannot renew in time stops publishing by itself.
 */
export class Leadership {
  readonly #held = new Map<string, Lease>();
  readonly #wanted = new Set<string>();
  /** Rounds in which a network that we hold should have been another's. */
  readonly #overdue = new Map<string, number>();
  /** Monotonic time until which nobody else can have what we hold. */
  #safeUntil = 0;
  #timer: NodeJS.Timeout | undefined;
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
  stepDown(network: string): Promise<void> {
    return this.#drop(network, true);
  }

  holds(network: string): boolean {
    return this.#held.has(network) && this.#safeUntil > this.options.monotonic();
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
    for (const network of this.networks) await this.#drop(network, true);
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
    const { leases, holder, ttlMs, monotonic } = this.options;
    const asked = monotonic();
    const renewed = await leases.renewAll(holder, PUBLISHER_LEASES, ttlMs);
    this.#safeUntil = asked + ttlMs;
    const kept = new Set(renewed.map(({ name }) => name));
    for (const [network, { name }] of this.#held) if (!kept.has(name)) await this.#drop(network, false);
    this.options.onRenewed();

    await leases.acquire(REPLICA + holder, holder, ttlMs);
    const replicas = (await leases.list(REPLICA)).map((lease) => lease.holder);
    for (const network of this.#wanted) {
      const mine = preferredReplica(network, replicas) === holder;
      if (mine === this.#held.has(network)) this.#overdue.delete(network);
      else if (mine) await this.#take(network);
      else await this.#makeWay(network);
    }
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
    await this.#drop(network, true);
  }

  async #drop(network: string, giveBack: boolean): Promise<void> {
    const lease = this.#held.get(network);
    if (!lease) return;
    this.#held.delete(network);
    await this.options.onLost(network);
    if (giveBack) await this.options.leases.release(lease).catch((error: unknown) => this.options.onError(error));
  }
}
