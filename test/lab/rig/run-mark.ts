import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Every host of a lab mounts a tmpfs whose source is this mark, so each process in it, however it was started and
 * whatever it made of its arguments and environment, carries the mark in /proc/<pid>/mountinfo. The mark names the
 * process that runs the lab by pid namespace, pid and start time: what such a process left behind is told from what
 * a lab that runs right now is using.
 */
const PREFIX = 'tombolo-lab';
const MARK = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-(\\d+)`);
const MARKED_MOUNT = new RegExp(` - tmpfs (${PREFIX}-\\d+-\\d+-\\d+)/(\\S+)`);

export function ownMark(): string {
  return `${PREFIX}-${pidNamespace()}-${process.pid}-${startTime(process.pid)}`;
}

/** Pids of processes inside the hosts of the lab with this mark, or inside that one host. */
export function processesOf(mark: string, host?: string): number[] {
  return marked()
    .filter((process) => process.owner === mark && (host === undefined || process.host === host))
    .map(({ pid }) => pid);
}

/** Program and arguments; empty when the process has ended. */
export function commandLine(pid: number): string {
  return readQuietly(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Kills a process, if it is still there. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended by itself meanwhile
  }
}

/** Ends what crashed labs left: processes (and with the last of them their namespaces), directories. */
export function removeLeftovers(): void {
  for (const { pid, owner } of marked()) if (isDead(owner)) endProcess(pid);
  for (const entry of readdirSync(tmpdir())) {
    const owner = MARK.exec(entry)?.[0];
    if (owner && isDead(owner)) removeQuietly(join(tmpdir(), entry));
  }
}

function marked(): { pid: number; owner: string; host: string }[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => {
    const [, owner, host] = MARKED_MOUNT.exec(readQuietly(`/proc/${pid}/mountinfo`)) ?? [];
    return owner && host ? [{ pid: Number(pid), owner, host }] : [];
  });
}

function isDead(mark: string): boolean {
  const [, namespace, pid, started] = MARK.exec(mark) ?? [];
  return namespace === pidNamespace() && startTime(Number(pid)) !== started;
}

const pidNamespace = () => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];

/** Clock ticks since boot, field 22 of proc(5) stat; undefined when there is no such process, or only its corpse. */
function startTime(pid: number): string | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** Processes come and go while one looks at them. */
function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What cannot be removed now is in nobody's way: a guest, for instance, sees a living lab of its host here. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // the next lab tries again
  }
}
