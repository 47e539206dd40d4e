import type { Pids } from './control-plane.js';
import { memoryMbOf } from './processes.js';

/** Megabytes held by each service; PostgreSQL's are those of all its processes. */
export interface MemoryMb {
  standalone: number;
  postgres: number;
  nats: number;
}

export function memoryMb({ standalone, postgres, nats }: Pids): MemoryMb {
  const [database, broker] = [memoryMbOf(postgres), memoryMbOf(nats)];
  // Database and broker are its children.
  return { standalone: memoryMbOf(standalone) - database - broker, postgres: database, nats: broker };
}
