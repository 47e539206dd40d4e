import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface KillableServer {
  /** Of the server, not of the process that started it. */
  pid: number;
  url: string;
  /** Kills the process that started the server with -9, and waits until the server has followed. */
  killParent(): Promise<void>;
}

const PROGRAM = resolve('dist/test/support/parts-parent.js');

/** A server started by another process (needs `npm run build`), to see what a kill -9 of that process does. */
export async function startByAnotherProcess(kind: 'postgres' | 'nats', dir: string, port = 0): Promise<KillableServer> {
  if (!existsSync(PROGRAM)) throw new Error('this test runs a built program: npm run build first');
  const parent = spawn(process.execPath, [PROGRAM, kind, dir, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await firstLine(parent);
  const { pid, url } = JSON.parse(line) as { pid: number; url: string };
  const killParent = async () => {
    parent.kill('SIGKILL');
    await gone(pid);
  };
  return { pid, url, killParent };
}

/** Waits until a process has ended; a zombie that nobody has collected counts as ended. */
export async function gone(pid: number, deadlineMs = 20_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} still runs`);
    await sleep(10);
  }
}

export function isAlive(pid: number): boolean {
  try {
    // "PID (name) STATE ..."; the name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process ended with ${code} before it was ready`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return line;
}
