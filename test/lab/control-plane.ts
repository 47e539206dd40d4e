import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnrolRequest, EnrolResponse } from '#contracts/enrolment.js';
import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import { type ApiAccess, type ApiAnswer, callApi } from './api.js';
import { type Host } from './rig/host.js';
import { type LabProcess } from './rig/lab-process.js';
import { waitFor } from './rig/wait-for.js';

const PROGRAM = 'dist/programs/standalone.js';
const HTTP_PORT = 8080;
export const NATS_PORT = 4222;

/** The real control plane, every service and its database and broker, as processes of one host. */
export class ControlPlane {
  private process: LabProcess | undefined;
  private readonly dataDirectory: string;
  private readonly socketPath: string;

  /** @param address of the host, on which agents reach it */
  constructor(
    readonly host: Host,
    private readonly address: string,
    directory: string,
  ) {
    this.dataDirectory = join(directory, 'control-plane');
    this.socketPath = join(directory, 'api.sock');
    host.spawn('node', ['test/lab/rig/programs/forward.mjs', this.socketPath, address, String(HTTP_PORT)]);
  }

  /** Starts it, or starts it again on what it kept, and waits until it says that it is ready. */
  async start(): Promise<void> {
    const listen = ['--http', `${this.address}:${HTTP_PORT}`, '--nats', `${this.address}:${NATS_PORT}`];
    const started = this.host.spawn('node', [PROGRAM, '--data', this.dataDirectory, ...listen]);
    this.process = started;
    // A killed one leaves its ready.json behind.
    const ready = () => (started.mustRun(), existsSync(this.readyFile) && this.ready().pid === started.pid);
    await waitFor(ready, { what: 'the control plane to be ready', timeout: 120_000 });
  }

  /** Of the process that starts all others. */
  get pid(): number {
    return this.ready().pid;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.process?.stop(signal);
  }

  /** @param path below /api/v1/ @throws Error that quotes the problem when it is refused */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.attempt(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  /** Answers what came back, whatever it is. */
  attempt(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const { adminTokenFile } = this.ready();
    return callApi(this.access(readFileSync(adminTokenFile, 'utf8').trim()), { method, path, body });
  }

  /** All pages of a list. */
  async list<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const from: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.call<{ items: T[]; nextCursor: string | null }>('GET', `${path}&limit=1000${from}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  /** Joins as an agent does. @throws Error when it is refused, or nobody answers */
  async enrol(token: string, body: EnrolRequest): Promise<EnrolResponse> {
    const { keyId, secret } = parseEnrolmentToken(token);
    const answer = await callApi(this.access(`${keyId}.${secret}`), { method: 'POST', path: 'enroll', body });
    if (answer.status >= 300) throw new Error(`enrolment: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as EnrolResponse;
  }

  /** Runs a program of ours on its host; its first argument is the data directory. */
  run(program: string, ...args: string[]): Promise<string> {
    return this.host.run('node', [program, this.dataDirectory, ...args]);
  }

  /** What the CLI needs to know on another host. */
  cliOptions(): string[] {
    const { caFile, adminTokenFile } = this.ready();
    const server = `https://${this.address}:${HTTP_PORT}`;
    return ['--server', server, '--ca', caFile, '--token', readFileSync(adminTokenFile, 'utf8').trim()];
  }

  private access(token: string): ApiAccess {
    const ca = readFileSync(this.ready().caFile, 'utf8');
    return { socketPath: this.socketPath, host: this.address, ca, token };
  }

  private get readyFile() {
    return join(this.dataDirectory, 'ready.json');
  }

  private ready() {
    return JSON.parse(readFileSync(this.readyFile, 'utf8')) as { adminTokenFile: string; caFile: string; pid: number };
  }
}
