import type { Registry as MetricsRegistry } from 'prom-client';
import type { Logger } from 'pino';
import type { GatewayCommandName } from '#contracts/gateway-commands.js';
import type {
  AppliedReport,
  HeartbeatReport,
  ObservedReport,
  ProbeReport,
  RejectedReport,
  ResyncReport,
} from '#contracts/reports.js';
import type { RelayCommandName } from '#contracts/relay-commands.js';
import type { IngestResult } from '#contracts/sources.js';
import type { EventStore } from '#event-store/core/event-store.js';

/** A login to the message broker for one node. */
export interface NodeLogin {
  urls: string[];
  jwt: string;
  /** ISO 8601 UTC */
  expiresAt: string;
}

/** Mints and revokes what a node logs in to the message broker with. */
export interface NodeCredentials {
  mint(node: { nodeId: string; natsKey: string }): Promise<NodeLogin>;
  /**
   * Makes the logins of removed nodes worthless and cuts their connections. Takes the whole list that must be revoked,
   * so that repeating it, or starting again after a crash, changes nothing. @throws Unavailable
   */
  revoke(nodes: RevokedLogin[]): Promise<void>;
}

export interface RevokedLogin {
  natsKey: string;
  /** When the node was removed, ISO 8601 UTC. */
  at: string;
}

export type NodeReport =
  | { nodeId: string; kind: 'applied'; body: AppliedReport }
  | { nodeId: string; kind: 'rejected'; body: RejectedReport }
  | { nodeId: string; kind: 'heartbeat'; body: HeartbeatReport }
  | { nodeId: string; kind: 'resync'; body: ResyncReport }
  | { nodeId: string; kind: 'probe'; body: ProbeReport }
  | { nodeId: string; kind: 'observed'; body: ObservedReport };

/** What agents tell. Every replica hears every report. */
export interface ReportFeed {
  /** Returns a function that ends it. */
  onReport(listener: (report: NodeReport) => void): () => void;
  /**
   * Resolves when whatever had arrived at the broker before was told to the listeners; to false when reports cannot arrive,
   * as while the broker is away or paused: the silence of that time says nothing about nodes.
   */
  listening(): Promise<boolean>;
}

/**
 * Asks the service that owns gateways, links, clients and publications. Names and shapes: libs/contracts
 * `gateway-commands`.
 * @throws Refusal as that service gave it; Unavailable when it does not answer in time: safe to repeat
 */
export type AskGatewayManager = (
  command: GatewayCommandName | 'plan' | 'gateway.health',
  request: unknown,
  options?: { withinMs: number },
) => Promise<unknown>;

/** Asks the relay-planner. @throws Refusal as it gave it; Unavailable: safe to repeat with the same command id */
export type AskRelayPlanner = (
  command: RelayCommandName | 'latency',
  request: unknown,
  options?: { withinMs: number },
) => Promise<unknown>;

/** Logins of other systems at the message broker. */
export interface SourceLogins {
  /** Where they connect to. */
  urls: string[];
  /** The same 32 secret bytes give the same account and credentials (`.creds` text, secret). */
  credentials(secret: Uint8Array, name: string): Promise<{ account: string; creds: string }>;
  /** Brings the brokers' accounts to this; repeating it changes nothing. @throws Unavailable */
  apply(accounts: SourceAccount[]): Promise<void>;
}

export interface SourceAccount {
  account: string;
  name: string;
  /** Names of the networks whose facts it may hear. */
  networks: string[];
  revoked: boolean;
}

/** A command as a source sent it. */
export interface IngestMessage {
  source: string;
  text: string;
  /** 1 at first. */
  deliveries: number;
}

export interface IngestOutcome {
  result: IngestResult;
  /** Why the message is set aside; absent: it is not. */
  park?: string;
}

/** Commands of other systems; replicas share them, and each comes until it is answered. */
export interface IngestFeed {
  /** Takes from these sources from now on, and from no others. */
  follow(sources: string[]): void;
  /** Drops what a source has waiting. @throws Unavailable */
  forget(source: string): Promise<void>;
  stop(): Promise<void>;
}

/** One part that `/readyz` asks; rejects when it is not fit for work. */
export interface ReadinessCheck {
  name: string;
  check(): Promise<void>;
}

/** Time as the registry sees it; both are values for tests. */
export interface Clock {
  now(): Date;
  /** Milliseconds that only ever grow, whatever happens to the wall clock. */
  monotonic(): number;
}

export interface RateLimit {
  /** Requests that may come at once. */
  burst: number;
  perSecond: number;
}

export interface RegistryLimits {
  /** Refused API tokens and enrolment secrets per source address. */
  failedAttempts: RateLimit;
  /** Enrolments per source address. */
  enrolments: RateLimit;
  /** Event feeds (server-sent events) open at once on this replica. */
  eventFeeds: number;
  /** Milliseconds between signs of life on a quiet event feed. */
  heartbeat: number;
  /** Commands taken from one source by this replica. */
  ingest: RateLimit;
}

export const DEFAULT_LIMITS: RegistryLimits = {
  failedAttempts: { burst: 20, perSecond: 1 },
  enrolments: { burst: 20_000, perSecond: 2_000 },
  eventFeeds: 1_000,
  heartbeat: 15_000,
  ingest: { burst: 200, perSecond: 100 },
};

/** Everything the registry needs from outside. Adapters are made by `main.ts` or by the standalone process. */
export interface RegistryOptions {
  store: EventStore;
  credentials: NodeCredentials;
  reports: ReportFeed;
  sources: SourceLogins;
  /** @param handle answers one command; what it throws on comes again */
  openIngest(handle: (message: IngestMessage) => Promise<IngestOutcome>): IngestFeed;
  askGatewayManager: AskGatewayManager;
  askRelayPlanner: AskRelayPlanner;
  /** What `/readyz` asks besides the log: broker, outbox. */
  readiness: ReadinessCheck[];
  /** Base URL that nodes reach this API at; a function, because port 0 is known after listening. */
  publicUrl: () => string;
  /** SHA-256 of the certificate that nodes pin, hex; null for plain HTTP on loopback. */
  pin: string | null;
  /** PEM of the authority that signed HTTP's and NATS's certificates; null: system roots or no TLS. */
  ca: string | null;
  /** X25519 public key that desired state is sealed from, base64. */
  controllerKey: string;
  /** 32 secret bytes that enrolment secrets are derived from; the same on every replica. */
  masterKey: Uint8Array;
  logger: Logger;
  metrics: MetricsRegistry;
  clock: Clock;
  limits: RegistryLimits;
}

/** Token that the options are injected by. */
export const REGISTRY_OPTIONS = Symbol('registry options');

export const systemClock: Clock = { now: () => new Date(), monotonic: () => performance.now() };
