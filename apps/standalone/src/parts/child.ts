import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartFailure } from './failure.js';

export interface ChildOptions {
  name: string;
  command: string[];
  /** What changes the user first (unprivileged.ts): a change of user undoes the death signal, so it comes before. */
  prefix?: string[];
  cwd: string;
  /** What the kernel sends the child when this process dies, however it dies. */
  deathSignal: 'SIGINT' | 'SIGTERM';
  logFile: string;
}

export interface Child {
  pid: number;
  /** Settles with a sentence when the process has ended, asked or unasked. */
  exited: Promise<string>;
  running(): boolean;
  signal(signal: NodeJS.Signals): void;
}

const LOG_LIMIT = 16 * 1024 * 1024;

/**
 * Starts a server that cannot outlive us: `setpriv` asks the kernel to signal it when we die, kill -9 included.
 * It gets its own session, so Ctrl-C at the terminal reaches us alone and we stop the parts in order. Its output goes
 * to a file and not to a pipe: a server that writes its last words into a broken pipe would be killed by that.
 */
export function startChild({ name, command, prefix = [], cwd, deathSignal, logFile }: ChildOptions): Promise<Child> {
  const output = openLog(logFile);
  const [program, ...args] = [...prefix, 'setpriv', '--pdeathsig', deathSignal, '--', ...command];
  const child = spawn(program as string, args, { cwd, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  child.unref();
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(`${name} ended ${signal ? `by ${signal}` : `with exit code ${code}`} (its log: ${logFile})`),
    );
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new StartFailure(`Cannot start ${name}: ${error.message}; setpriv is in Debian's util-linux.`, 1, {
          cause: error,
        }),
      ),
    );
    child.once('spawn', () =>
      resolve({
        pid: child.pid as number,
        exited,
        running: () => child.exitCode === null && child.signalCode === null,
        signal: (signal) => void child.kill(signal),
      }),
    );
  });
}

/** A file to write a server's words to, at their end; one that has grown large is put aside first. @returns its descriptor */
export function openLog(logFile: string): number {
  if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT) renameSync(logFile, `${logFile}.1`);
  return openSync(logFile, 'a', 0o600);
}

/** Sends the signals one after the other until the child is gone; each has `ms` to work. */
export async function stopChild(
  child: Pick<Child, 'running' | 'signal' | 'exited'>,
  steps: { signal: NodeJS.Signals; ms: number }[],
): Promise<void> {
  for (const { signal, ms } of steps) {
    if (!child.running()) return;
    child.signal(signal);
    const patience = new AbortController();
    await Promise.race([child.exited, sleep(ms, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }
}

/** The end of a server's log, for the sentence that says why it would not start. */
export function lastWords(logFile: string, from: number): string {
  return readFileSync(logFile).subarray(from).toString().trim().split('\n').slice(-4).join(' | ');
}

/** How long the log is now, to be given to `lastWords` later. */
export function logLength(logFile: string): number {
  return existsSync(logFile) ? statSync(logFile).size : 0;
}
