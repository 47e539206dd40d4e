import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, readdir, readFile, readlink, rm, stat, truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DeviceError } from '../core/device.js';
import { runTool, SYSTEM_PATH, ToolError } from './run-tool.js';

/** Where `wg` and wireguard-go meet; compiled into both. */
const SOCKETS = '/var/run/wireguard';
const PATIENCE_MS = 5_000;
/** It ends within 20 ms, or it hangs. */
const GRACE_MS = 1_000;
const MAX_LOG_BYTES = 1024 * 1024;

/**
 * The process behind an interface where the kernel has no WireGuard. It is no child to be looked after: it leads a session
 * of its own and outlives the agent, so the tunnels do too. Found again by its interface.
 */
export class WireguardGo {
  readonly #socket: string;
  readonly #logFile: string;

  constructor(
    readonly interfaceName: string,
    stateDir: string,
  ) {
    this.#socket = join(SOCKETS, `${interfaceName}.sock`);
    this.#logFile = join(stateDir, 'wireguard-go.log');
  }

  /** Starts it and waits until it answers. @throws DeviceError `unsupported` when it is not installed, `failed` */
  async start(): Promise<void> {
    // One that was killed has left its socket behind; one whose interface was deleted ends soon, and takes whatever is there with it.
    await this.stop();
    await this.#shortenLog();
    const log = openSync(this.#logFile, 'a', 0o600);
    const child = spawn('wireguard-go', ['-f', this.interfaceName], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: { PATH: SYSTEM_PATH, LOG_LEVEL: 'error' },
    });
    closeSync(log);
    let failure: string | undefined;
    child.once('error', (error: NodeJS.ErrnoException) => {
      failure = error.code === 'ENOENT' ? NOT_INSTALLED : error.message;
    });
    child.once('exit', (code, signal) => {
      failure ??= `ended with ${signal ?? code}`;
    });
    child.unref();
    const answered = await until(async () => failure !== undefined || (await this.answers()));
    if (failure === NOT_INSTALLED) throw new DeviceError('unsupported', NOT_INSTALLED);
    if (answered && failure === undefined) return;
    await this.stop();
    throw new DeviceError('failed', `wireguard-go ${failure ?? 'did not answer'}: ${await this.#lastWords()}`);
  }

  /**
   * Whether it answers `wg`. A socket that nobody listens at yet is left alone: `wg` takes that for a leftover and deletes it, and
   * wireguard-go, which was about to listen, ends.
   */
  async answers(): Promise<boolean> {
    if (!(await takesConnections(this.#socket))) return false;
    try {
      await runTool('wg', ['show', this.interfaceName, 'listen-port']);
      return true;
    } catch (error) {
      if (error instanceof ToolError) return false;
      throw error;
    }
  }

  /** Ends every wireguard-go of this interface in our network namespace; the kernel then drops the interface. */
  async stop(): Promise<void> {
    const gone = async () => (await this.#pids()).length === 0;
    await this.#signal('SIGTERM');
    if (!(await until(gone, GRACE_MS))) {
      await this.#signal('SIGKILL');
      if (!(await until(gone)))
        throw new DeviceError('failed', `wireguard-go of ${this.interfaceName} cannot be ended`);
    }
    await rm(this.#socket, { force: true });
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    for (const pid of await this.#pids()) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  async #pids(): Promise<number[]> {
    const namespace = await readlink('/proc/self/ns/net');
    const pids: number[] = [];
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const args = (await readFile(`/proc/${entry}/cmdline`, 'utf8')).split('\0').filter((arg) => arg !== '');
        const isGo = /(^|\/)wireguard-go$/.test(args[0] ?? '') && args.at(-1) === this.interfaceName;
        if (isGo && (await readlink(`/proc/${entry}/ns/net`)) === namespace) pids.push(Number(entry));
      } catch {
        // Ended while we looked.
      }
    }
    return pids;
  }

  async #shortenLog(): Promise<void> {
    const size = await stat(this.#logFile).then(
      (file) => file.size,
      () => 0,
    );
    if (size > MAX_LOG_BYTES) await truncate(this.#logFile);
  }

  async #lastWords(): Promise<string> {
    const file = await open(this.#logFile);
    try {
      const text = (await file.readFile('utf8')).trim();
      const errors = text.split('\n').filter((line) => line.includes('ERROR'));
      const words = errors.at(-1) ?? `see ${this.#logFile}`;
      // Each one needs an inotify instance, of which a user has 128 by default.
      return words.includes('too many open files') ? `${words}; raise fs.inotify.max_user_instances` : words;
    } finally {
      await file.close();
    }
  }
}

function takesConnections(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const settle = (takes: boolean) => {
      connection.destroy();
      resolve(takes);
    };
    connection.once('connect', () => settle(true));
    connection.once('error', () => settle(false));
  });
}

const NOT_INSTALLED = 'this kernel has no WireGuard, and wireguard-go is not installed: install either';

/** @returns whether the condition came true in time */
export async function until(condition: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<boolean> {
  const end = performance.now() + patienceMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await delay(10);
  }
}
