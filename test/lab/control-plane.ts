import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callApi } from './api.js';
import { type Host } from './rig/host.js';
import { type LabProcess } from './rig/lab-process.js';
import { waitFor } from './rig/wait-for.js';

const PROGRAM = 'dist/apps/standalone/src/main.js';
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

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.process?.stop(signal);
  }

  /** What it printed, for failure texts. */
  get printed(): string {
    return this.process?.printed ?? '';
  }

  /** @param path below /api/v1/ @throws Error that quotes the problem when it is refused */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.attempt(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  attempt(method: string, path: string, body?: unknown) {
    const { adminTokenFile, caFile } = this.ready();
    const access = { token: readFileSync(adminTokenFile, 'utf8').trim(), ca: readFileSync(caFile, 'utf8') };
    return callApi({ socketPath: this.socketPath, host: this.address, ...access }, method, path, body);
  }

  private get readyFile() {
    return join(this.dataDirectory, 'ready.json');
  }

  private ready() {
    return JSON.parse(readFileSync(this.readyFile, 'utf8')) as { adminTokenFile: string; caFile: string; pid: number };
  }
}
