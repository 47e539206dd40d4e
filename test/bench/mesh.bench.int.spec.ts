import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { MeshResult } from './results.js';
import { benchTable } from './table.js';

const machine = {
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

test('the benchmark of a mesh runs, and its table has a value in every cell', async () => {
  const args = ['dist/test/bench/mesh.bench.js', '--nodes', '20', '--quick'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout) as MeshResult;
  expect(result.join.joins).toBe(5);
  // The node that joins is told everything in one; all others get one message each.
  expect(result.traffic.messagesPerJoin).toBeGreaterThanOrEqual(20);
  expect(result.traffic.bytesPerRecipient.delivered).toBeLessThanOrEqual(400);
  expect(benchTable({ meshes: [{ ...result, machine }] })).not.toMatch(/NaN|undefined|null/);
}, 300_000);
