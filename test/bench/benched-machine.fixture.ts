import type { Machine } from './machine.js';

/** For tables of results that no machine has made. */
export const benchedMachine: Machine = {
  cpu: 'a processor',
  cores: 2,
  coresOfMachine: 2,
  memoryGb: 1,
  kernel: '6',
  node: '20',
  postgres: '18',
  nats: '2',
  commit: 'none',
  measuredAt: '2026-11-21T00:00:00.000Z',
  loadBefore: 0,
};
