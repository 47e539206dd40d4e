import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

const KEPT = 20_000;

/** A program that runs while the test goes on: what it printed, its end, signals to it. */
export class LabProcess {
  readonly pid: number;
  /** Settles when the program has ended: its status, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
  private readonly child: ChildProcessWithoutNullStreams;
  private output = '';

  constructor(
    /** For failure texts. */
    readonly label: string,
    command: string,
    args: string[],
    env: NodeJS.ProcessEnv,
  ) {
    this.child = spawn(command, args, { env, stdio: 'pipe' });
    this.pid = this.child.pid ?? 0;
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (text) => (this.output = (this.output + text).slice(-KEPT)));
    this.child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', (code, signal) => resolve(code ?? (signal as NodeJS.Signals)));
    });
    this.ended.catch(() => undefined);
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The last 20 kB of what it printed, both streams. */
  get printed(): string {
    return this.output;
  }

  get stdin() {
    return this.child.stdin;
  }

  get stdout() {
    return this.child.stdout;
  }

  /** Sends a signal, if it runs. */
  signal(name: NodeJS.Signals): void {
    if (this.running) this.child.kill(name);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.signal(signal);
    return this.ended;
  }

  /** @throws Error that quotes its output when it has ended */
  mustRun(): void {
    if (!this.running) throw new Error(`${this.label} has ended; it printed:\n${this.output}`);
  }
}
