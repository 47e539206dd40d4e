import { preferredReplica } from './placement.js';

/** Leases of the log (libs/event-store): one holder per name, an epoch that rises with every new holder. */
export interface LeasePort {
  /** The lease if it is free, expired or ours already; undefined while another holds it. */
  acquire(name: string, holder: string, ttlMs: number): Promise<{ epoch: number } | undefined>;
  /** False when it was lost. */
  renew(name: string, holder: string, ttlMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
  /** Holders of living leases whose name begins so. */
  holders(prefix: string): Promise<string[]>;
}

export interface LeadershipOptions {
  leases: LeasePort;
  /** This replica. */
  holder: string;
  ttlMs: number;
  /** Milliseconds that only ever grow. */
  monotonic(): number;
  onGained(network: string, epoch: number): Promise<void>;
  onLost(network: string): Promise<void>;
  onError(error: unknown): void;
}

interface Held {
  epoch: number;
  /** Monotonic time until which nobody else can have it. */
  until: number;
}

/** A lease is renewed this often within its life. */
const ROUNDS_PER_TTL = 4;

const PRESENCE = 'topology-planner-replica:';

/**
 * Which networks this replica publishes for. A lease counts from before the request was sent, so that it never
 * outlives the database's view of it; whoever cannot renew in time stops publishing by itself.
 */
export class Leadership {
  readonly #held = new Map<string, Held>();
  readonly #wanted = new Set<string>();
  /** Rounds for which a network that another replica should have was ours to take. */
  readonly #patience = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeadershipOptions) {}

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.options.ttlMs / ROUNDS_PER_TTL);
  }

  /** Wants to publish for a network, from now on. */
  want(network: string): void {
    if (this.#wanted.has(network)) return;
    this.#wanted.add(network);
    this.#tick();
  }

  async forget(network: string): Promise<void> {
    this.#wanted.delete(network);
    await this.#drop(network, true);
  }

  /** Gives a lease back although it is held: the publisher could not go on. It is taken again with a higher epoch. */
  async stepDown(network: string): Promise<void> {
    await this.#drop(network, true);
  }

  holds(network: string): boolean {
    return (this.#held.get(network)?.until ?? 0) > this.options.monotonic();
  }

  get networks(): string[] {
    return [...this.#held.keys()].sort();
  }

  /** Stops and gives every lease back, so that others need not wait for them to expire. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#wanted.clear();
    await this.#round;
    await Promise.all([...this.#held.keys()].map((network) => this.#drop(network, true)));
    const { leases, holder } = this.options;
    await leases.release(PRESENCE + holder, holder).catch((error: unknown) => this.options.onError(error));
  }

  #tick(): void {
    this.#round = this.#round
      .then(() => this.#renewAndAcquire())
      .catch((error: unknown) => this.options.onError(error));
  }

  async #renewAndAcquire(): Promise<void> {
    const { leases, holder, ttlMs } = this.options;
    for (const network of [...this.#held.keys()]) {
      if (!(await this.#renew(network))) await this.#drop(network, false);
    }
    await leases.acquire(PRESENCE + holder, holder, ttlMs);
    const replicas = await leases.holders(PRESENCE);
    for (const network of [...this.#wanted]) {
      const mine = preferredReplica(network, replicas) === holder;
      if (mine === this.#held.has(network)) this.#patience.delete(network);
      else if (mine) await this.#acquire(network);
      else await this.#makeWay(network);
    }
  }

  /** Another replica should have this network: leave it to that one, unless nobody takes it. */
  async #makeWay(network: string): Promise<void> {
    const rounds = (this.#patience.get(network) ?? 0) + 1;
    this.#patience.set(network, rounds);
    if (rounds < ROUNDS_PER_TTL * 2) return;
    this.#patience.delete(network);
    await this.#drop(network, true);
  }

  async #renew(network: string): Promise<boolean> {
    const { leases, holder, ttlMs, monotonic } = this.options;
    const asked = monotonic();
    try {
      if (!(await leases.renew(leaseName(network), holder, ttlMs))) return false;
      const held = this.#held.get(network);
      if (held) held.until = asked + ttlMs;
      return true;
    } catch (error) {
      this.options.onError(error);
      return this.holds(network);
    }
  }

  async #acquire(network: string): Promise<void> {
    const { leases, holder, ttlMs, monotonic } = this.options;
    const asked = monotonic();
    const lease = await leases.acquire(leaseName(network), holder, ttlMs);
    if (!lease || !this.#wanted.has(network)) return;
    this.#held.set(network, { epoch: lease.epoch, until: asked + ttlMs });
    await this.options.onGained(network, lease.epoch);
  }

  async #drop(network: string, giveBack: boolean): Promise<void> {
    if (!this.#held.delete(network)) return;
    await this.options.onLost(network);
    if (giveBack)
      await this.options.leases
        .release(leaseName(network), this.options.holder)
        .catch((error: unknown) => this.options.onError(error));
  }
}

const leaseName = (network: string) => `topology-planner:${network}`;
