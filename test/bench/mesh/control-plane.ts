import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import type { EnrolResponse } from '#contracts/enrolment.js';
import { openLog } from '#event-store/postgres/data-source.js';
import { PostgresEventStore } from '#event-store/postgres/postgres-event-store.js';
import type { Trust } from '#messaging/trust.js';
import type { Ready, ReadyService } from '../../../apps/standalone/src/parts/data-dir.js';
import { silent } from '../../../apps/standalone/src/parts/log.js';
import { startPostgres } from '../../../apps/standalone/src/parts/postgres.js';
import { until } from '../../support/wait.js';
import type { EnrolledNode, MeshNode } from './mesh-node.js';
import { childrenOf, ended } from './processes.js';

const PROGRAM = 'dist/programs/standalone.js';
const READY_MS = 120_000;
/** Requests under way at once: a cloud that starts many machines together. */
const HTTP_CONNECTIONS = 64;

/** Process ids of what `up` runs. */
export interface Pids {
  standalone: number;
  postgres: number;
  nats: number;
}

/** What nodes join, and the key that admits them. */
export interface BenchNetwork {
  id: string;
  name: string;
  keyId: string;
  secret: string;
}

export interface PlaneOptions {
  /** More of `up`'s flags. */
  flags?: string[];
}

/** The real control plane as a child process, on ports that stay the same when it is started again. */
export class ControlPlane {
  #child: ChildProcess | undefined;
  #http: Agent = newAgent();
  /** The one that was made first: where there is one, all nodes join it. */
  network: BenchNetwork = { id: '', name: '', keyId: '', secret: '' };
  /** When it logged something, by message: `performance.now()` of this process, told by the clock that both share. */
  readonly logged = new Map<string, number>();
  readonly #timesLogged = new Map<string, number>();

  private constructor(
    private readonly dir: string,
    private readonly ports: { http: number; nats: number },
    private readonly flags: readonly string[],
  ) {}

  static async start({ flags = [] }: PlaneOptions = {}): Promise<ControlPlane> {
    const dir = mkdtempSync(join(tmpdir(), 'tombolo-bench-'));
    const plane = new ControlPlane(join(dir, 'data'), { http: await freePort(), nats: await freePort() }, flags);
    try {
      await plane.spawn();
      await plane.ready();
      return plane;
    } catch (error) {
      await plane.remove();
      throw error;
    }
  }

  get natsUrl(): string {
    return `nats://127.0.0.1:${this.ports.nats}`;
  }

  get trust(): Trust {
    return JSON.parse(readFileSync(join(this.dir, 'keys', 'trust.json'), 'utf8')) as Trust;
  }

  /** Works on the log while nothing else does: the control plane has to be stopped. */
  async withLog<T>(work: (store: PostgresEventStore) => Promise<T>): Promise<T> {
    const database = await startPostgres({
      dir: join(this.dir, 'postgres'),
      passwordFile: join(this.dir, 'keys', 'postgres-password'),
      logFile: join(this.dir, 'logs', 'postgres.log'),
      port: 0,
      log: silent,
    });
    const dataSource = await openLog({ url: database.url, applicationName: 'bench' });
    try {
      return await work(new PostgresEventStore(dataSource));
    } finally {
      await dataSource.destroy();
      await database.stop();
    }
  }

  /** How often it logged a message since it was started. */
  timesLogged(message: string): number {
    return this.#timesLogged.get(message) ?? 0;
  }

  /** How often a planner of it began to publish for a network. */
  get takeovers(): number {
    return this.timesLogged('publishing for a network');
  }

  get pids(): Pids {
    const standalone = this.#child?.pid ?? 0;
    const children = childrenOf(standalone);
    const named = (name: string) => children.find((child) => child.name === name)?.pid ?? 0;
    return { standalone, postgres: named('postgres'), nats: named('nats-server') };
  }

  /** Starts the process; does not wait for anything. */
  async spawn(): Promise<void> {
    const listen = ['--http', `127.0.0.1:${this.ports.http}`, '--nats', `127.0.0.1:${this.ports.nats}`];
    // What `npm run up` gives it, from scripts/bench.mjs.
    const flags = process.env.TOMBOLO_BENCH_FLAGS?.split(' ') ?? [];
    const args = [...flags, PROGRAM, '--data', this.dir, ...listen, ...this.flags];
    // What was killed has left its own.
    rmSync(join(this.dir, 'ready.json'), { force: true });
    this.logged.clear();
    this.#timesLogged.clear();
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TOMBOLO_LOG: 'info', TOMBOLO_LOG_FORMAT: 'json' },
    });
    this.#child = child;
    this.#http.destroy();
    this.#http = newAgent();
    createInterface({ input: child.stderr }).on('line', (line) => this.#onLog(line));
    await once(child, 'spawn');
  }

  /** Resolves when `/readyz` says so. */
  async ready(limitMs = READY_MS): Promise<void> {
    const began = performance.now();
    for (let waited = 0; waited < limitMs; waited = performance.now() - began) {
      if (this.#child?.exitCode !== null) throw new Error('the control plane ended; see above what it logged');
      const status = await this.#send('GET', '/readyz', {}).then(
        ({ status }) => status,
        () => 0,
      );
      if (status === 200) return;
      // To a hundredth of how long it takes: each question costs it something, and some take minutes.
      await sleep(Math.max(5, waited / 100));
    }
    throw new Error(`the control plane was not ready within ${limitMs} ms`);
  }

  /** Ends it, and waits until database and broker have followed. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const { postgres, nats } = this.pids;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    await Promise.all([ended(postgres), ended(nats)]);
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#http.destroy();
    rmSync(join(this.dir, '..'), { recursive: true, force: true });
  }

  /** Makes a network, and a key that admits any number of nodes. */
  async createNetwork(name: string, cidr = '10.64.0.0/15'): Promise<BenchNetwork> {
    const { networkId: id } = await this.ask<{ networkId: string }>('POST', '/networks', { name, cidr });
    const { token } = await this.ask<{ token: string }>('POST', `/networks/${name}/enrollment-keys`, {});
    const { keyId, secret } = parseEnrolmentToken(token);
    const network = { id, name, keyId, secret };
    if (!this.network.id) this.network = network;
    return network;
  }

  async enrol(node: MeshNode, { keyId, secret }: BenchNetwork = this.network): Promise<EnrolledNode> {
    const headers = { authorization: `Bearer ${keyId}.${secret}`, 'idempotency-key': randomUUID() };
    return { ...node, answer: await this.#call<EnrolResponse>('POST', '/api/v1/enroll', headers, node.request) };
  }

  /** A request of the operator, below /api/v1. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const authorization = `Bearer ${readFileSync(join(this.dir, 'keys', 'admin-token'), 'utf8').trim()}`;
    const headers = { authorization, ...(method !== 'GET' && { 'idempotency-key': randomUUID() }) };
    return this.#call<T>(method, `/api/v1${path}`, headers, body);
  }

  /** A value of /metrics that has no labels. */
  async metric(name: string): Promise<number> {
    const { text: metrics } = await this.#send('GET', '/metrics', {});
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? NaN);
  }

  /** The services that run as processes of their own, once all of them do. */
  async services(): Promise<ReadyService[]> {
    const file = join(this.dir, 'ready.json');
    await until('all services to be ready', () => existsSync(file), READY_MS);
    const { services } = JSON.parse(readFileSync(file, 'utf8')) as Ready;
    return services ?? [];
  }

  /** What such a service has logged so far. */
  logOf({ name, replica }: ReadyService): string {
    return readFileSync(join(this.dir, 'logs', `${name}-${replica}.log`), 'utf8');
  }

  async #call<T>(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<T> {
    const answer = await this.#send(method, path, headers, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as T;
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const content = body === undefined ? undefined : JSON.stringify(body);
      const type = content === undefined ? {} : { 'content-type': 'application/json' };
      const target = { host: '127.0.0.1', port: this.ports.http, agent: this.#http };
      const call = request({ ...target, method, path, headers: { ...headers, ...type } }, (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, text: answer }), reject);
      });
      call.on('error', (error: NodeJS.ErrnoException) => {
        // The server closes a connection that is idle, perhaps in the moment in which it is used again.
        if (call.reusedSocket && error.code === 'ECONNRESET')
          this.#send(method, path, headers, body).then(resolve, reject);
        else reject(error);
      });
      call.end(content);
    });
  }

  #onLog(line: string): void {
    try {
      const { level, time, msg, path } = JSON.parse(line) as {
        level: number;
        time: number;
        msg: string;
        path?: string;
      };
      this.logged.set(msg, time - performance.timeOrigin);
      this.#timesLogged.set(msg, this.timesLogged(msg) + 1);
      // That it was not ready yet is what `ready` asks for.
      if (level < 40 || path === '/readyz') return;
    } catch {
      // Said by Node itself.
    }
    console.error(`control plane: ${line}`);
  }
}

const newAgent = () => new Agent({ keepAlive: true, maxSockets: HTTP_CONNECTIONS });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
