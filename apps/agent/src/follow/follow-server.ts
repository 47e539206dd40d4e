import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { type AgentConnection, type AgentReport, connectAgent } from '#messaging/agent-connection.js';
import type { ConnectionStatus } from '#messaging/connection.js';
import type { Verdict } from '#messaging/node-follower.js';
import { SealOpener } from '#messaging/node-seal.js';
import { ReportSigner } from '#messaging/report-proof.js';
import type { Log } from '../log.js';
import { nodeRequest } from '../server/node-request.js';
import type { Identity } from '../state/identity.js';
import { type Login, readLogin, writeLogin } from '../state/login.js';
import type { StateDir } from '../state/state-dir.js';
import { LoginKeeper } from './login-keeper.js';

export interface FollowParts {
  dir: StateDir;
  identity: Identity;
  /** Of this run of the agent (`nextReportSession`). */
  session: number;
  /** Where to go on from. */
  held: NodeSet | undefined;
  onSet(set: NodeSet, receivedAt: number): void;
  onConnected(): void;
  onDisconnected(): void;
  log: Log;
}

/** The agent's line to the control plane: desired state comes in, reports go out, the login stays fresh. For ever. */
export class FollowServer {
  readonly #opener: SealOpener;
  readonly #signer: ReportSigner;
  readonly #keeper: LoginKeeper;
  #connection: AgentConnection | undefined;
  #follow: ReturnType<AgentConnection['follow']> | undefined;
  #login: Login | undefined;
  #latest: NodeSet | undefined;

  constructor(private readonly parts: FollowParts) {
    const { identity, session, held, log } = parts;
    this.#latest = held;
    const keys = { privateKey: identity.controlPrivateKey, controllerKey: identity.controllerKey };
    this.#opener = new SealOpener(identity.nodeId, keys);
    this.#signer = new ReportSigner(identity.nodeId, keys, session);
    this.#keeper = new LoginKeeper({
      request: () => nodeRequest(identity, { action: 'refresh' }),
      onRenewed: (login) => this.#onRenewed(login),
      log,
    });
  }

  async start(): Promise<void> {
    const login = await readLogin(this.parts.dir);
    if (login) this.#connect(login);
    else this.parts.log.warn({}, 'the login is missing or damaged, a new one is asked for');
    this.#keeper.keep(login);
  }

  /** The newest set that was folded, taken or not. */
  get latest(): NodeSet | undefined {
    return this.#latest;
  }

  /** Whether everything that the server holds has been folded. */
  get isLevel(): boolean {
    return this.#follow?.level ?? false;
  }

  /** Messages on our subjects that the controller did not seal for us: an intruder's, or another version's. */
  get unreadable(): number {
    return this.#follow?.unreadable ?? 0;
  }

  report(report: AgentReport): void {
    this.#connection?.report(report);
  }

  get isConnected(): boolean {
    return this.#connection?.status === 'connected';
  }

  async answers(patienceMs: number): Promise<boolean> {
    return (await this.#connection?.answers(patienceMs)) ?? false;
  }

  /** Gives up the connection, which may hang, and makes another. */
  redial(): void {
    this.#connection?.abandon();
    if (this.#login) this.#connect(this.#login);
  }

  async stop(): Promise<void> {
    this.#keeper.stop();
    await this.#connection?.close();
  }

  #connect(login: Login): void {
    const { identity } = this.parts;
    const { urls, jwt } = login;
    this.#login = login;
    const connection = connectAgent({
      urls,
      ...(identity.ca !== null && { ca: identity.ca }),
      signer: this.#signer,
      jwt,
      nkeySeed: identity.natsSeed,
      onStatus: (status) => {
        if (this.#connection === connection) this.#onStatus(status);
      },
    });
    this.#connection = connection;
    this.#follow = connection.follow({
      opener: this.#opener,
      held: () => this.#latest,
      onMessage: (message): Verdict => {
        const folded = foldMessage(this.#latest, message);
        if (folded.outcome === 'resync') return folded.reason;
        if (folded.outcome === 'folded') {
          this.#latest = folded.set;
          this.parts.onSet(folded.set, performance.now());
        }
        return folded.outcome;
      },
    });
  }

  #onStatus(status: ConnectionStatus): void {
    this.parts.log.info({ status }, 'connection to the control plane');
    if (status === 'refused') this.#keeper.refused();
    if (status === 'disconnected') this.parts.onDisconnected();
    if (status !== 'connected') return;
    this.parts.onConnected();
  }

  async #onRenewed(login: Login): Promise<void> {
    await writeLogin(this.parts.dir, login);
    if (this.#connection && login.urls.join() === this.#login?.urls.join()) {
      this.#login = login;
      await this.#connection.renew(login.jwt);
    } else {
      await this.#connection?.close();
      this.#connect(login);
    }
  }
}
