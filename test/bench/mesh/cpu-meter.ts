import type { Pids } from './control-plane.js';
import { cpuSecondsOf } from './processes.js';

/** CPU seconds per process; PostgreSQL's are those of all its processes. */
export interface CpuSeconds {
  standalone: number;
  postgres: number;
  nats: number;
  generator: number;
}

export function cpuSeconds({ standalone, postgres, nats }: Pids): CpuSeconds {
  return {
    standalone: cpuSecondsOf(standalone, false),
    postgres: cpuSecondsOf(postgres, true),
    nats: cpuSecondsOf(nats, false),
    generator: cpuSecondsOf(process.pid, false),
  };
}

/** What was used since, divided by `parts`. */
export function cpuSince(before: CpuSeconds, now: CpuSeconds, parts: number): CpuSeconds {
  const each = (name: keyof CpuSeconds) => Number(((now[name] - before[name]) / parts).toFixed(4));
  return {
    standalone: each('standalone'),
    postgres: each('postgres'),
    nats: each('nats'),
    generator: each('generator'),
  };
}
