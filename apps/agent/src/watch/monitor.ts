import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SYSTEM_PATH } from '#wireguard/linux/run-tool.js';
import type { Log } from '../log.js';

/** A change comes as several lines. */
const DEBOUNCE_MS = 10;
const RESTART_MS = 1_000;

export interface MonitorOptions {
  command: readonly [string, ...string[]];
  listeners: readonly Listener[];
  log: Log;
}

export interface Listener {
  /** Whether a line of its output is about us. */
  concerns(line: string): boolean;
  onChange(): void;
}

/** A tool that says, line by line, what changes in the kernel; started again when it ends. */
export class Monitor {
  #child: ChildProcess | undefined;
  readonly #pending = new Map<Listener, NodeJS.Timeout>();
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: MonitorOptions) {
    this.#start();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#pending.values()) clearTimeout(timer);
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
      for (const listener of this.options.listeners) if (listener.concerns(line)) this.#tell(listener);
    });
  }

  #startAgain(): void {
    if (this.#stopped) return;
    this.#restart = setTimeout(() => {
      this.#start();
      for (const listener of this.options.listeners) listener.onChange();
    }, RESTART_MS);
  }

  #tell(listener: Listener): void {
    if (this.#pending.has(listener)) return;
    const tell = () => {
      this.#pending.delete(listener);
      listener.onChange();
    };
    this.#pending.set(listener, setTimeout(tell, DEBOUNCE_MS));
  }
}
