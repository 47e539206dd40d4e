import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../log.js';
import { createProgram } from '../program.js';
import type { AgentStatus } from '../status/read-status.js';

/** One agent: commands run in this process as `main.ts` runs them, against a real broker and a real interface. */
export class AgentInProcess {
  readonly dir = join(mkdtempSync(join(tmpdir(), 'tombolo-agent-')), 'state');
  readonly complaints: string[] = [];
  #stop = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(readonly interfaceName: string) {}

  async command(...words: string[]): Promise<string> {
    const printed: string[] = [];
    const program = createProgram({
      log: createLog(process.env.TOMBOLO_LOG ?? 'silent'),
      signal: this.#stop.signal,
      print: (text) => printed.push(text),
      complain: (text) => this.complaints.push(text),
    });
    await program.parseAsync([...words, '--state', this.dir], { from: 'user' });
    return printed.join('\n');
  }

  start(...words: string[]): void {
    this.#stop = new AbortController();
    this.#running = this.command(...words);
    this.#running.catch(() => undefined);
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async ended(): Promise<void> {
    await this.#running;
  }

  async status(): Promise<AgentStatus> {
    return JSON.parse(await this.command('status', '-o', 'json')) as AgentStatus;
  }

  async destroy(): Promise<void> {
    this.#stop.abort();
    await this.#running?.catch(() => undefined);
    if (existsSync(join(this.dir, 'identity.json'))) await this.command('leave');
    rmSync(join(this.dir, '..'), { recursive: true, force: true });
  }
}
