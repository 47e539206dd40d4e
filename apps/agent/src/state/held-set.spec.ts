import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { digestOf, type Resource } from '#contracts/node-stream.js';
import { HeldSets, type HeldSet } from './held-set.js';
import { StateDir } from './state-dir.js';

const home = mkdtempSync(join(tmpdir(), 'tombolo-held-'));
const dir = new StateDir(home);
const sets = new HeldSets(dir);
afterEach(() => {
  for (const kind of ['held', 'previous'] as const) rmSync(dir.file(kind), { force: true });
});
afterAll(() => rmSync(home, { recursive: true }));

const held = (revision: number): HeldSet => {
  const resource: Resource = { name: `route/10.${revision}.0.0/16`, cidr: `10.${revision}.0.0/16` };
  const resources = new Map([[resource.name, resource]]);
  return {
    set: { epoch: 1, revision, logVersion: 9, digest: digestOf(resources.values()), resources },
    appliedAt: '2026-11-21T05:00:00.000Z',
  };
};

test('nothing yet', async () => {
  expect(await sets.recall()).toEqual({ held: undefined, warnings: [] });
});

test('what was recorded last is recalled, closed to others, and the one before it is kept', async () => {
  await sets.record(held(1));
  await sets.record(held(2));
  expect(await sets.recall()).toEqual({ held: held(2), warnings: [] });
  expect(statSync(dir.file('held')).mode & 0o777).toBe(0o600);
  rmSync(dir.file('held'));
  expect((await sets.recall()).held).toEqual(held(1));
});

test('cut anywhere, or with any byte changed, the one before it is used, and that is said', async () => {
  await sets.record(held(1));
  await sets.record(held(2));
  const whole = readFileSync(dir.file('held'));
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 2), fc.constantFrom('cut', 'changed'), async (at, how) => {
      const damaged = how === 'cut' ? whole.subarray(0, at) : Buffer.from(whole);
      if (how === 'changed') damaged[at] = damaged[at] === 0x30 ? 0x31 : 0x30;
      writeFileSync(dir.file('held'), damaged);
      const recalled = await sets.recall();
      expect(recalled.held).toEqual(held(1));
      expect(recalled.warnings).toEqual([expect.stringMatching(/state\.json .*the set before it is used/)]);
    }),
  );
});

test('both damaged: the server is asked for all', async () => {
  for (const kind of ['held', 'previous'] as const) writeFileSync(dir.file(kind), 'nonsense');
  const { held: none, warnings } = await sets.recall();
  expect(none).toBeUndefined();
  expect(warnings).toHaveLength(2);
  expect(warnings[1]).toContain('the server is asked for all');
});
