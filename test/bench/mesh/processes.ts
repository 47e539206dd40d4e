import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface ProcessStat {
  pid: number;
  name: string;
  parent: number;
  state: string;
  /** User and system time, that of children that ended and were waited for included. */
  cpuSeconds: number;
}

/** Linux counts in hundredths of a second, whatever the kernel's own tick (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/** Programs that a process started and that still run. */
export function childrenOf(pid: number): ProcessStat[] {
  return everything().filter(({ parent }) => parent === pid);
}

/** CPU seconds that a process and all its descendants have used so far. */
export function cpuSecondsOf(pid: number, withDescendants: boolean): number {
  const all = everything();
  const sum = (each: ProcessStat | undefined): number => {
    if (!each) return 0;
    const children = withDescendants ? all.filter(({ parent }) => parent === each.pid) : [];
    return each.cpuSeconds + children.reduce((total, child) => total + sum(child), 0);
  };
  return sum(all.find((each) => each.pid === pid));
}

/** Megabytes of memory that a process and its descendants hold; what they share is counted once (`Pss`, see proc(5)). */
export function memoryMbOf(pid: number): number {
  const all = everything();
  const sum = (id: number): number => {
    const children = all.filter(({ parent }) => parent === id);
    return pssKbOf(id) + children.reduce((total, child) => total + sum(child.pid), 0);
  };
  return Math.round(sum(pid) / 1024);
}

export async function ended(pid: number): Promise<void> {
  for (;;) {
    const stat = statOf(pid);
    if (!stat || stat.state === 'Z' || stat.state === 'X') return;
    await sleep(5);
  }
}

function everything(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => statOf(Number(pid)) ?? []);
}

/** 0 for one that has ended. */
function pssKbOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** `/proc/PID/stat`, see proc(5): `pid (name) state ppid …`, and the name may hold anything. */
function statOf(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const field = (n: number) => fields[n - 3] ?? '';
    const ticks = [14, 15, 16, 17].reduce((total, n) => total + Number(field(n)), 0);
    return {
      pid,
      name: text.slice(text.indexOf('(') + 1, end),
      parent: Number(field(4)),
      state: field(3),
      cpuSeconds: ticks / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}
