import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { claimPort } from '../../apps/standalone/src/parts/ports.js';
import { until } from './wait.js';

export interface ServiceProcess {
  url: string;
  pid: number;
  /** Why it is no more, with its last words; undefined: it runs. */
  ended(): string | undefined;
  end(signal: NodeJS.Signals): Promise<void>;
}

export interface ServiceSurroundings {
  databaseUrl: string;
  natsUrl: string;
  keysDir: string;
  streamReplicas?: number;
  /** Where what it says goes; nowhere if left out. */
  logFile?: string;
}

/** One replica of one service as its own process (needs `npm run build`), ready when this returns. */
export async function startService(name: string, surroundings: ServiceSurroundings): Promise<ServiceProcess> {
  const port = await claimPort({ host: '127.0.0.1', port: 0 }, '--http');
  const url = `http://127.0.0.1:${port}`;
  const log = surroundings.logFile ? openSync(surroundings.logFile, 'a', 0o600) : 'ignore';
  const child = spawn(process.execPath, [`dist/programs/${name}.js`], {
    stdio: ['ignore', log, 'pipe'],
    env: {
      ...process.env,
      TOMBOLO_DATABASE_URL: surroundings.databaseUrl,
      TOMBOLO_NATS_URL: surroundings.natsUrl,
      TOMBOLO_KEYS_DIR: surroundings.keysDir,
      TOMBOLO_STREAM_REPLICAS: String(surroundings.streamReplicas ?? 1),
      TOMBOLO_HTTP: `127.0.0.1:${port}`,
    },
  });
  if (typeof log === 'number') closeSync(log);
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4_000)));
  await until(
    `${name} to be ready`,
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${words}`);
      return answers(`${url}/readyz`);
    },
    60_000,
  );
  const ended = () =>
    child.exitCode === null && child.signalCode === null
      ? undefined
      : `${name} ended with ${child.signalCode ?? child.exitCode}: ${words}`;
  return { url, pid: child.pid ?? 0, ended, end: (signal) => end(child, signal) };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
