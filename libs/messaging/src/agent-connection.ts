import { connect, type NatsConnection } from '@nats-io/transport-node';
import type {
  AppliedReport,
  HeartbeatReport,
  ObservedReport,
  ProbeReport,
  RejectedReport,
  ResyncReport,
} from '#contracts/reports.js';
import { reportSubject } from '#contracts/subjects.js';
import { AGENT_API_PREFIX } from './account-claims.js';
import { type BrokerAddress, connectionOptions, jwtLogin } from './broker-login.js';
import { type ConnectionStatus, isRefusedLogin, type ServiceConnection, statusAfter } from './connection.js';
import { drain } from './drain.js';
import { type FollowerLink, type FollowOptions, NodeFollower } from './node-follower.js';
import { pause } from './pause.js';
import { type PauseLimits, ReconnectPauses } from './reconnect-pauses.js';
import type { ReportSigner } from './report-proof.js';

export type AgentReport =
  | { kind: 'applied'; body: AppliedReport }
  | { kind: 'rejected'; body: RejectedReport }
  | { kind: 'heartbeat'; body: HeartbeatReport }
  | { kind: 'resync'; body: ResyncReport }
  | { kind: 'probe'; body: ProbeReport }
  | { kind: 'observed'; body: ObservedReport };

export interface AgentConnectionOptions extends BrokerAddress {
  /** Proves the node's reports; the same one for every connection of one run. */
  signer: ReportSigner;
  jwt: string;
  /** Seed of the node's own user key; it signs the broker's challenge and is never sent. */
  nkeySeed: string;
  /** Pauses before a reconnect: many agents return at once (default 2,000 and 7,000). */
  reconnect?: PauseLimits;
  onStatus?(status: ConnectionStatus): void;
}

/** What `follow` takes: a resync is reported by the connection itself. */
export type AgentFollowOptions = Omit<FollowOptions, 'onResync'>;

/**
 * Connects an agent, in the background and for ever: an agent works without a broker. `refused` says that the login is
 * revoked or has expired; it is tried again with whatever `renew` was given last.
 */
export function connectAgent(options: AgentConnectionOptions): AgentConnection {
  return new AgentConnection(options);
}

export class AgentConnection {
  readonly #closed = new AbortController();
  readonly #follows = new Map<AgentFollowOptions, NodeFollower | undefined>();
  readonly #limits: PauseLimits;
  #pauses: ReconnectPauses;
  #nats: NatsConnection | undefined;
  #jwt: string;
  #status: ConnectionStatus = 'disconnected';

  constructor(private readonly options: AgentConnectionOptions) {
    this.#jwt = options.jwt;
    this.#limits = options.reconnect ?? { firstMs: 2_000, longestMs: 7_000 };
    this.#pauses = new ReconnectPauses(this.#limits);
    void this.#run();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Follows this node's desired state, now and after every reconnect. Returns a function that ends it. */
  follow(options: AgentFollowOptions): { stop(): void; readonly level: boolean; readonly unreadable: number } {
    this.#follows.set(options, this.#nats && this.#follower(this.#nats, options));
    const current = () => this.#follows.get(options);
    return {
      get level() {
        return current()?.level ?? false;
      },
      get unreadable() {
        return current()?.unreadable ?? 0;
      },
      stop: () => {
        current()?.stop();
        this.#follows.delete(options);
      },
    };
  }

  /** Tells the controller; lost while there is no connection, because only current values matter. */
  report(report: AgentReport): void {
    if (this.#status === 'connected' && this.#nats) sendReport(this.#nats, this.options.signer, report);
  }

  /** Logs in again with a new login, without waiting for the old one to expire. */
  async renew(jwt: string): Promise<void> {
    this.#jwt = jwt;
    if (this.#status !== 'connected') return;
    this.#pauses.hurry();
    await this.#nats?.reconnect();
  }

  /** Whether the broker answers within so many milliseconds. */
  async answers(patienceMs: number): Promise<boolean> {
    if (this.#status !== 'connected' || !this.#nats) return false;
    const answered = this.#nats.flush().then(
      () => true,
      () => false,
    );
    return Promise.race([answered, pause(patienceMs).then(() => false)]);
  }

  /** Closes at once, whatever is on its way: for a connection that may hang. */
  abandon(): void {
    this.#closed.abort();
    for (const follower of this.#follows.values()) follower?.stop();
    this.#follows.clear();
    void this.#nats?.close();
    this.#set('closed');
  }

  /** Delivers the reports that are on their way, then closes. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const follower of this.#follows.values()) follower?.stop();
    this.#follows.clear();
    const nats = this.#nats;
    if (nats && !nats.isClosed()) await (this.#status === 'connected' ? drain(nats) : nats.close());
    this.#set('closed');
  }

  /** The client is told never to give up; should it close for another reason, a new one takes its place. */
  async #run(): Promise<void> {
    for (let nats = await this.#dial(); nats; nats = await this.#dial()) {
      this.#nats = nats;
      this.#pauses.connected();
      this.#set('connected');
      for (const [options, follower] of this.#follows) {
        follower?.stop();
        this.#follows.set(options, this.#follower(nats, options));
      }
      for await (const event of nats.status()) {
        this.#set(statusAfter(this.#status, event));
        if (event.type !== 'reconnect') continue;
        this.#pauses.connected();
        for (const follower of this.#follows.values()) follower?.lookAgain();
      }
    }
  }

  async #dial(): Promise<NatsConnection | undefined> {
    const { signer, nkeySeed } = this.options;
    const pauses = (this.#pauses = new ReconnectPauses(this.#limits));
    for (let attempt = 0; !this.#closed.signal.aborted; attempt++) {
      try {
        const nats = await connect({
          ...connectionOptions(this.options),
          name: signer.nodeId,
          authenticator: jwtLogin(() => this.#jwt, nkeySeed),
          inboxPrefix: `_INBOX.${signer.nodeId}`,
          // The client would dial at once after a loss, and only then begin to wait.
          reconnectDelayHandler: () => 0,
          reconnectToServer: ([next]) => ({ server: next!, delay: pauses.next() }),
        });
        if (!this.#closed.signal.aborted) return nats;
        await nats.close();
      } catch (error) {
        if (isRefusedLogin(error)) this.#set('refused');
        const longest = Math.min(100 * 2 ** attempt, this.#limits.longestMs);
        await pause(longest * (0.5 + Math.random() / 2), this.#closed.signal);
      }
    }
    return undefined;
  }

  #follower(nats: NatsConnection, options: AgentFollowOptions): NodeFollower {
    const link: FollowerLink = { nats, apiPrefix: AGENT_API_PREFIX };
    return new NodeFollower(link, { ...options, onResync: (body) => this.report({ kind: 'resync', body }) });
  }

  #set(status: ConnectionStatus): void {
    if (this.#status === status || this.#status === 'closed') return;
    this.#status = status;
    this.options.onStatus?.(status);
  }
}

/**
 * Many agents over one connection with a service's rights, for benchmarks and simulations: the same protocol and seals,
 * without a login for each.
 */
export class SharedAgents {
  readonly #followers = new Set<NodeFollower>();
  readonly #signers = new Map<string, ReportSigner>();
  readonly #offStatus: () => void;

  constructor(private readonly connection: ServiceConnection) {
    this.#offStatus = connection.onStatus((status) => {
      if (status === 'connected') for (const follower of this.#followers) follower.lookAgain();
    });
  }

  follow(options: AgentFollowOptions, signer: ReportSigner): NodeFollower {
    this.#signers.set(signer.nodeId, signer);
    const onResync = (body: ResyncReport) => this.report(options.opener.nodeId, { kind: 'resync', body });
    const follower = new NodeFollower({ nats: this.connection.nats, apiPrefix: '$JS.API' }, { ...options, onResync });
    this.#followers.add(follower);
    return follower;
  }

  report(nodeId: string, report: AgentReport): void {
    const signer = this.#signers.get(nodeId);
    if (signer && this.connection.status === 'connected') sendReport(this.connection.nats, signer, report);
  }

  stop(): void {
    this.#offStatus();
    for (const follower of this.#followers) follower.stop();
    this.#followers.clear();
  }
}

function sendReport(nats: NatsConnection, signer: ReportSigner, { kind, body }: AgentReport): void {
  const subject = reportSubject(signer.nodeId, kind);
  const text = JSON.stringify(body);
  nats.publish(subject, text, { headers: signer.headers(subject, text) });
}
