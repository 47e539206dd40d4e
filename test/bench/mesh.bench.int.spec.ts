import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { benchedMachine } from './benched-machine.fixture.js';
import { readResults, type MeshResult } from './results.js';
import { benchTable } from './table.js';

test('the benchmark of a mesh runs, and its table has a value in every cell', async () => {
  const args = ['dist/test/bench/mesh.bench.js', '--nodes', '20', '--quick'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout) as MeshResult;
  expect(result.join.joins).toBe(5);
  // The node that joins is told everything in one; all others get one message each.
  expect(result.traffic.messagesPerJoin).toBeGreaterThanOrEqual(20);
  expect(result.traffic.bytesPerRecipient.delivered).toBeLessThanOrEqual(400);
  expect(benchTable({ ...readResults('none'), meshes: [{ ...result, machine: benchedMachine }] })).not.toMatch(
    /NaN|undefined|null/,
  );
}, 300_000);
