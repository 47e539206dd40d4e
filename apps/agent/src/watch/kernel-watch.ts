import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SYSTEM_PATH } from '#wireguard/linux/run-tool.js';
import type { Log } from '../log.js';

/** A change comes as several lines. */
const DEBOUNCE_MS = 10;
const RESTART_MS = 1_000;

/** Says when something about one interface changes, by `ip monitor`: link, addresses, routes. Peers are told by nobody. */
export class KernelWatch {
  #child: ChildProcess | undefined;
  #pending: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    private readonly interfaceName: string,
    private readonly onChange: () => void,
    private readonly log: Log,
  ) {
    this.#start();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pending);
    clearTimeout(this.#restart);
    this.#child?.kill();
  }

  #start(): void {
    const child = spawn('ip', ['-oneline', 'monitor', 'link', 'address', 'route'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    });
    this.#child = child;
    child.on('error', (error) => this.log.warn({ why: error.message }, 'changes of the interface are seen late'));
    // It ends when the kernel tells faster than it reads; what was lost is found by looking.
    child.on('close', () => this.#startAgain());
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (concerns(line, this.interfaceName)) this.#tell();
    });
  }

  #startAgain(): void {
    if (this.#stopped) return;
    this.#restart = setTimeout(() => {
      this.#start();
      this.onChange();
    }, RESTART_MS);
  }

  #tell(): void {
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      this.onChange();
    }, DEBOUNCE_MS);
  }
}

/** `7: tmb0: <…>`, `7: tmb0    inet …`, `10.90.0.0/16 dev tmb0 …`, each perhaps after `Deleted` or `local`. */
export function concerns(line: string, interfaceName: string): boolean {
  const words = line.split(/[\s\\]+/);
  return words.some(
    (word) => word === interfaceName || word === `${interfaceName}:` || word.startsWith(`${interfaceName}@`),
  );
}
