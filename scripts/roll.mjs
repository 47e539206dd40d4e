/**
 * `npm run roll -- [--data DIR]`: restarts every service of a control plane that runs with `--replicas`, one process after the
 * other: ends one, waits until its successor is ready, goes on with the next. Nobody who retries notices.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fail } from './run.mjs';

const PATIENCE_MS = 180_000;

const { values } = parseArgs({ options: { data: { type: 'string', default: '.tombolo' } } });
const file = join(resolve(process.env.INIT_CWD ?? process.cwd(), values.data), 'ready.json');

const services = ready()?.services;
if (services === undefined)
  fail(`${file} names no processes of services: is a control plane with --replicas 2 or more running on --data?`);
for (const { name, replica, pid } of services) {
  const began = Date.now();
  process.kill(pid, 'SIGTERM');
  const isBack = () =>
    ready()?.services?.some((one) => one.name === name && one.replica === replica && one.pid !== pid);
  while (!isBack()) {
    if (Date.now() - began > PATIENCE_MS)
      fail(`${name} ${replica} did not come back; the others were left as they are.`);
    await sleep(50);
  }
  console.log(`${name} ${replica}: restarted in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

/** Written anew, whole, whenever a process was replaced by one that is ready. */
function ready() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
