import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Ready } from '../../apps/standalone/src/parts/data-dir.js';
import { until } from './wait.js';

export interface ControlPlane {
  dir: string;
  http: string;
  nats: string;
  token: string;
  pid: number;
  /** What `ready.json` says now. */
  ready(): ReadyFile;
  /** Services that ended by themselves, with the code and where they log; each was started again. */
  broken: readonly string[];
  /** Sends the signal and waits until it is gone; the data stays. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

export type ReadyFile = Ready & { pid: number };

export interface Place {
  dir: string;
  /** `ADDR:PORT`, where agents expect it to be again. */
  http: string;
  nats: string;
  /** More of `up`'s flags. */
  flags: string[];
}

/** A whole control plane as `npm run up` starts it, from what was built; by default new, on free ports of loopback. */
export async function startControlPlane(place: Partial<Place> = {}): Promise<ControlPlane> {
  const dir = place.dir ?? mkdtempSync(join(tmpdir(), 'tombolo-cp-'));
  const { http = '127.0.0.1:0', nats = '127.0.0.1:0', flags = [] } = place;
  const data = join(dir, 'data');
  rmSync(join(data, 'ready.json'), { force: true });
  const child = spawn(
    process.execPath,
    ['dist/programs/standalone.js', '--data', data, '--http', http, '--nats', nats, ...flags],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4_000)));
  const broken: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    const [reason] = /"[\w-]+ \(its log: [^"]+\) ended with exit code [1-9]\d*/.exec(line) ?? [];
    if (reason) broken.push(reason.slice(1));
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await gone;
  };
  const readyFile = join(data, 'ready.json');
  await until(
    'the control plane to be ready',
    () => {
      if (child.exitCode !== null) throw new Error(`the control plane ended: ${words}`);
      return existsSync(readyFile);
    },
    120_000,
  );
  const read = () => JSON.parse(readFileSync(readyFile, 'utf8')) as ReadyFile;
  const ready = read();
  return {
    dir,
    http: ready.http,
    nats: ready.nats,
    token: readFileSync(ready.adminTokenFile, 'utf8').trim(),
    pid: child.pid ?? 0,
    ready: read,
    broken,
    end,
    remove: async () => {
      if (child.exitCode === null && child.signalCode === null) await end('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
