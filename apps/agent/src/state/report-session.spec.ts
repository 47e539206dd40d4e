import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextReportSession } from './report-session.js';
import { StateDir } from './state-dir.js';

let dir: StateDir;
let warnings: unknown[];
beforeEach(() => {
  dir = new StateDir(mkdtempSync(join(tmpdir(), 'tombolo-session-')));
  warnings = [];
});
afterEach(() => rmSync(dir.path, { recursive: true }));

const next = (now: number) => nextReportSession(dir, now, { warn: (...words: unknown[]) => void warnings.push(words) });

test('every run has a number above that of the one before, also when the clock goes back', async () => {
  expect(await next(1_763_700_000_000)).toBe(1_763_700_000_000);
  expect(await next(1_763_700_000_000)).toBe(1_763_700_000_001);
  expect(await next(3_000)).toBe(1_763_700_000_002);
  expect(await next(1_763_700_100_000)).toBe(1_763_700_100_000);
  expect(statSync(dir.file('reports')).mode & 0o777).toBe(0o600);
});

test.each(['', 'rubbish', '-5', '1e15', '99999999999999999999'])(
  'a damaged file (%j) begins again by the clock',
  async (text) => {
    writeFileSync(dir.file('reports'), text);
    expect(await next(1_763_700_000_000)).toBe(1_763_700_000_000);
    expect(warnings).toEqual([]);
  },
);

test('a number that cannot be kept is told, and the agent goes on', async () => {
  mkdirSync(`${dir.file('reports')}.new`);
  expect(await next(5)).toBe(5);
  expect(warnings).toHaveLength(1);
});
