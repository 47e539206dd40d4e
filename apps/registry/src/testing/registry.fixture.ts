import { randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { Registry as MetricsRegistry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { Unavailable } from '#contracts/errors.js';
import type { ApiRole } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import { mintNodeCredentials } from '#messaging/node-credentials.js';
import { sourceCredentials } from '#messaging/source-accounts.js';
import { createTrust, type Trust } from '#messaging/trust.js';
import { newApiToken, secretHash } from '../auth/api-token.js';
import { createHttpApp } from '../http/http-app.js';
import { Decisions } from '../log/decisions.js';
import { RegistryModule } from '../registry.module.js';
import {
  DEFAULT_LIMITS,
  type NodeReport,
  type RegistryOptions,
  type RevokedLogin,
  type SourceAccount,
} from '../registry.options.js';
import { decideCreateApiToken } from '../tokens/api-token.decider.js';
import { type ApiAnswer, type ApiClient, apiClient } from './api-client.js';
import { TestNode } from './test-node.js';

/** A clock that a test sets; both times move together unless the test says otherwise. */
export class TestClock {
  wall = Date.parse('2026-11-20T12:00:00Z');
  grown = 1_000_000;

  now = () => new Date(this.wall);
  monotonic = () => this.grown;

  advance(milliseconds: number): void {
    this.wall += milliseconds;
    this.grown += milliseconds;
  }
}

/** Reports within the process. */
export class TestReports {
  readonly #listeners = new Set<(report: NodeReport) => void>();
  isListening = true;
  /** What arrives while it is asked whether it listens. */
  late: NodeReport[] = [];

  listening = async () => {
    for (const report of this.late.splice(0)) this.tell(report);
    return this.isListening;
  };

  onReport(listener: (report: NodeReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(report: NodeReport): void {
    for (const listener of this.#listeners) listener(report);
  }
}

/** Commands of sources within the process. */
export class TestIngest {
  following: string[] = [];
  forgotten: string[] = [];
  #handle: Parameters<RegistryOptions['openIngest']>[0] | undefined;

  open: RegistryOptions['openIngest'] = (handle) => {
    this.#handle = handle;
    return {
      follow: (sources) => void (this.following = sources),
      forget: async (source) => void this.forgotten.push(source),
      stop: async () => undefined,
    };
  };

  /** What the registry says to a command, as JSON or as it is. */
  async send(source: string, message: unknown, deliveries = 1) {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    if (!this.#handle) throw new Error('the registry does not listen');
    return this.#handle({ source, text, deliveries });
  }
}

export interface TestRegistry extends Omit<ApiClient, 'enrol'> {
  app: NestFastifyApplication;
  options: RegistryOptions;
  clock: TestClock;
  reports: TestReports;
  /** Lists that were pushed, newest last. */
  revoked: RevokedLogin[][];
  /** Accounts of sources that were applied, newest last. */
  accounts: SourceAccount[][];
  ingest: TestIngest;
  logLines: string[];
  admin: string;
  tokenOf(role: ApiRole, name?: string): Promise<string>;
  /** Joins a new node, with a key of its own unless one is given. */
  enrol(network: string, name: string, bearer?: string): Promise<{ node: TestNode; nodeId: string; answer: ApiAnswer }>;
  /** Another replica on the same log. */
  replica(overrides?: Partial<RegistryOptions>): Promise<TestRegistry>;
  close(): Promise<void>;
}

let trust: Promise<Trust> | undefined;

/** The registry with its real parts, on a log in memory, behind a real socket. */
export async function startRegistry(
  overrides: Partial<RegistryOptions> = {},
  /** Token of an admin that the log knows already. */
  knownAdmin?: string,
): Promise<TestRegistry> {
  trust ??= createTrust(new Date());
  const signing = await trust;
  const clock = new TestClock();
  const reports = new TestReports();
  const revoked: RevokedLogin[][] = [];
  const accounts: SourceAccount[][] = [];
  const ingest = new TestIngest();
  const logLines: string[] = [];
  const options: RegistryOptions = {
    store: new MemoryEventStore({ now: () => clock.now().toISOString() }),
    credentials: {
      mint: async (node) => ({
        urls: ['nats://127.0.0.1:4222'],
        ...(await mintNodeCredentials({ trust: signing, ...node, now: clock.now(), ttlSeconds: 3600 })),
      }),
      revoke: async (nodes) => void revoked.push(nodes),
    },
    reports,
    sources: {
      urls: ['nats://127.0.0.1:4222'],
      credentials: sourceCredentials,
      apply: async (list) => void accounts.push(list),
    },
    openIngest: ingest.open,
    askGatewayManager: () => Promise.reject(new Unavailable('service', 'there is no gateway-manager')),
    askRelayPlanner: () => Promise.reject(new Unavailable('service', 'there is no relay-planner')),
    readiness: [],
    publicUrl: () => 'http://127.0.0.1:8080',
    pin: null,
    ca: null,
    controllerKey: signing.sealing.publicKey,
    masterKey: randomBytes(32),
    logger: pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) }),
    metrics: new MetricsRegistry(),
    clock,
    limits: DEFAULT_LIMITS,
    ...overrides,
  };
  const app = await createHttpApp(RegistryModule.register(options), options);
  await app.listen(0, '127.0.0.1');
  const tokenOf = async (role: ApiRole, name: string = role) => {
    const token = newApiToken();
    const command = { commandId: uuidv7(), actor: 'service/test', at: clock.now().toISOString() };
    await app.get(Decisions).system.execute(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint: '',
      decide: (state) =>
        decideCreateApiToken({ ...command, tokenId: uuidv7(), name, role, secretHash: secretHash(token) }, state),
    });
    return token;
  };
  const admin = knownAdmin ?? (await tokenOf('admin'));
  const api = apiClient(await app.getUrl(), admin);
  const enrol = async (network: string, name: string, bearer?: string) => {
    const node = new TestNode(name);
    const answer = await api.enrol(node, bearer ?? (await api.key(network)).bearer);
    return { node, nodeId: answer.body.nodeId as string, answer };
  };
  const close = () => app.close();
  const replica = (other: Partial<RegistryOptions> = {}) =>
    startRegistry({ store: options.store, masterKey: options.masterKey, ...other }, admin);
  return {
    ...api,
    app,
    options,
    clock,
    reports,
    revoked,
    accounts,
    ingest,
    logLines,
    admin,
    tokenOf,
    enrol,
    replica,
    close,
  };
}
