import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SYSTEM_PATH } from '#wireguard/linux/run-tool.js';
import type { Log } from '../log.js';

/** A change comes as several lines. */
const DEBOUNCE_MS = 10;
const RESTART_MS = 1_000;

export interface MonitorOptions {
  command: readonly [string, ...string[]];
  /** Whether a line of its output is about us. */
  concerns(line: string): boolean;
  onChange(): void;
  log: Log;
}

/** A tool that says, line by line, what changes in the kernel; started again when it ends. */
export class Monitor {
  #child: ChildProcess | undefined;
  #pending: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: MonitorOptions) {
    this.#start();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pending);
    clearTimeout(this.#restart);
    this.#child?.kill();
  }

  #start(): void {
    const [tool, ...args] = this.options.command;
    const child = spawn(tool, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    });
    this.#child = child;
    child.on('error', (error) => this.options.log.warn({ tool, why: error.message }, 'changes are seen late'));
    // It ends when the kernel tells faster than it reads; what was lost is found by looking.
    child.on('close', () => this.#startAgain());
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (this.options.concerns(line)) this.#tell();
    });
  }

  #startAgain(): void {
    if (this.#stopped) return;
    this.#restart = setTimeout(() => {
      this.#start();
      this.options.onChange();
    }, RESTART_MS);
  }

  #tell(): void {
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      this.options.onChange();
    }, DEBOUNCE_MS);
  }
}
