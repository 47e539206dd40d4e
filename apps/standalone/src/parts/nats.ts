import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, lastWords, logLength, startChild, stopChild } from './child.js';
import { StartFailure } from './failure.js';
import { stopLeftovers } from './leftovers.js';
import { type Log } from './log.js';
import { localAddress } from './names.js';
import { type Address, claimPort } from './ports.js';

export interface NatsOptions {
  /** The broker's own directory: its configuration, and whatever that names by a relative path. */
  dir: string;
  /** nats-server's configuration without `listen`, `host` and `port`: the address is given here. */
  configText: string;
  listen: Address;
  binary: string;
  logFile: string;
  log: Log;
}

export interface Nats {
  /** The port it listens on, also when 0 was asked for. */
  port: number;
  pid: number;
  exited: Promise<string>;
  /** Reads its configuration and the certificate again; connections stay. */
  reload(): void;
  stop(): Promise<void>;
}

/** Start includes reading back every stream; past this something else is wrong. */
const READY_MS = 300_000;

/**
 * A nats-server of our own (2.9.10 or newer). Resolves when it answers a connection, which it does after its streams
 * are recovered.
 */
export async function startNats({ log, ...options }: NatsOptions): Promise<Nats> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const dir = realpathSync(options.dir);
  const portsDir = join(dir, 'run');
  const mark = `--ports_file_dir=${portsDir}`;
  const isOurs = (argv: string[]) => argv.includes(mark);
  await stopLeftovers({ name: 'nats-server', isOurs, signals: ['SIGTERM', 'SIGKILL'], log });
  rmSync(portsDir, { recursive: true, force: true });
  mkdirSync(portsDir, { mode: 0o700 });
  const config = join(dir, 'nats-server.conf');
  writeFileSync(config, options.configText, { mode: 0o600 });
  const { host, port } = options.listen;
  if (port !== 0) await claimPort(options.listen, '--nats');
  const logStart = logLength(options.logFile);
  const child = await startChild({
    name: 'nats-server',
    command: [options.binary, '-c', config, '-a', host, '-p', String(port || -1), mark],
    cwd: dir,
    deathSignal: 'SIGTERM',
    logFile: options.logFile,
  });
  try {
    const actual = await ready(child, host, portsDir);
    log.info({ host, port: actual, serverPid: child.pid }, 'NATS is ready');
    const reload = () => void (child.running() && process.kill(child.pid, 'SIGHUP'));
    return { port: actual, pid: child.pid, exited: child.exited, reload, stop: () => stop(child) };
  } catch (error) {
    const died = !child.running();
    await stop(child);
    const reason = died ? lastWords(options.logFile, logStart) : (error as Error).message;
    throw new StartFailure(`NATS did not start: ${reason} (its log: ${options.logFile}).`, 1, { cause: error });
  }
}

function stop(child: Child) {
  return stopChild(child, [
    { signal: 'SIGTERM', ms: 30_000 },
    { signal: 'SIGKILL', ms: 10_000 },
  ]);
}

async function ready(child: Child, host: string, portsDir: string): Promise<number> {
  const deadline = Date.now() + READY_MS;
  while (child.running() && Date.now() < deadline) {
    const port = portFrom(portsDir);
    if (port && (await greets(host, port))) return port;
    await sleep(20);
  }
  throw new Error(child.running() ? `it did not answer within ${READY_MS / 1000} s` : 'it ended');
}

/** The server writes `nats-server_<pid>.ports` when it listens: `{"nats": ["nats://127.0.0.1:4222"]}`. */
function portFrom(portsDir: string): number | undefined {
  const file = readdirSync(portsDir).find((name) => name.endsWith('.ports'));
  if (!file) return undefined;
  try {
    const ports = JSON.parse(readFileSync(join(portsDir, file), 'utf8')) as { nats?: string[] };
    return Number(/:(\d+)$/.exec(ports.nats?.[0] ?? '')?.[1]) || undefined;
  } catch {
    return undefined; // still being written
  }
}

/** A server greets with its INFO line before anything else, in clear also when it wants TLS. */
function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...localAddress({ host, port }), timeout: 2_000 });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => settle(data.toString('latin1').startsWith('INFO ')));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
