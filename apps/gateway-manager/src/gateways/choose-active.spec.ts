import { describe, expect, test } from '@jest/globals';
import { at } from '../../../../test/support/given.js';
import { chooseActive, type Choice, type Election } from './choose-active.js';
import { heard, isGood, newHealth, probed, type MemberHealth } from './member-health.js';

/** Now is 100 seconds after noon. */
const NOW = at(100);
const health: Record<string, MemberHealth> = {
  good: probed(newHealth(at(0)), { ok: true, at: at(99) }),
  fresh: { heardAt: at(99), failingSince: null, goodSince: at(71) },
  rested: { heardAt: at(99), failingSince: null, goodSince: at(70) },
  failing: { heardAt: at(100), failingSince: at(99), goodSince: null },
  blip: { heardAt: at(100), failingSince: at(99.5), goodSince: null },
  silent: { heardAt: at(96.9), failingSince: null, goodSince: at(0) },
  quiet: { heardAt: at(97), failingSince: null, goodSince: at(0) },
  'failing and silent': { heardAt: at(96), failingSince: at(95), goodSince: null },
};

type Row = [string, Partial<Election>, Record<string, keyof typeof health>, Choice | null];

test.each<Row>([
  ['all well', {}, { a: 'good', b: 'good' }, null],
  ['nothing known', {}, {}, null],
  ['one failed probe', {}, { a: 'blip', b: 'good' }, null],
  ['two failed probes', {}, { a: 'failing', b: 'good' }, { active: 'b', reason: 'probe failed' }],
  ['three seconds of silence', {}, { a: 'quiet', b: 'good' }, null],
  ['more than that', {}, { a: 'silent', b: 'good' }, { active: 'b', reason: 'host lost' }],
  ['failing, then silent', {}, { a: 'failing and silent', b: 'good' }, { active: 'b', reason: 'host lost' }],
  ['the next in order', {}, { a: 'failing', b: 'failing', c: 'good' }, { active: 'c', reason: 'probe failed' }],
  ['nobody better', {}, { a: 'failing', b: 'silent', c: 'failing' }, null],
  ['a failing one, others unknown', {}, { a: 'failing' }, null],
  ['the preferred one not back long', { active: 'b' }, { a: 'fresh', b: 'good' }, null],
  [
    'the preferred one back for 30 s',
    { active: 'b' },
    { a: 'rested', b: 'good' },
    { active: 'a', reason: 'preferred' },
  ],
  ['a less preferred one, however long good', { active: 'a' }, { a: 'fresh', b: 'good' }, null],
  ['the preferred one good and draining', { active: 'b', draining: ['a'] }, { a: 'good', b: 'good' }, null],
  ['draining', { draining: ['a'] }, { a: 'good', b: 'good' }, { active: 'b', reason: 'drained' }],
  ['draining, to a fresh one', { draining: ['a'] }, { a: 'good', b: 'fresh' }, { active: 'b', reason: 'drained' }],
  ['draining, and no other can', { draining: ['a'] }, { a: 'good', b: 'failing' }, null],
  ['draining, and all others drain', { draining: ['a', 'b'] }, { a: 'good', b: 'good' }, null],
  [
    'a draining one serves where no other can',
    { draining: ['b'] },
    { a: 'failing', b: 'good' },
    { active: 'b', reason: 'probe failed' },
  ],
  [
    'a draining one only then',
    { draining: ['b'] },
    { a: 'failing', b: 'good', c: 'good' },
    { active: 'c', reason: 'probe failed' },
  ],
  ['removed or disabled', { absent: ['a'] }, { a: 'good', b: 'good' }, { active: 'b', reason: 'host lost' }],
  ['no member any more', { active: 'x' }, { b: 'good' }, { active: 'b', reason: 'member removed' }],
  ['all removed or disabled', { absent: ['a', 'b', 'c'] }, {}, { active: null, reason: 'host lost' }],
  ['nobody, and nobody can', { active: null, absent: ['a', 'b', 'c'] }, {}, null],
  ['nobody, one is good', { active: null }, { a: 'failing', b: 'good' }, { active: 'b', reason: 'preferred' }],
  [
    'nobody, none is good',
    { active: null },
    { a: 'failing', b: 'failing', c: 'silent' },
    { active: 'a', reason: 'preferred' },
  ],
  ['nobody, one is unknown', { active: null }, { a: 'failing', c: 'failing' }, { active: 'b', reason: 'preferred' }],
])('%s', (_what, election, members, expected) => {
  const known = new Map(Object.entries(members).map(([id, state]) => [id, health[state]!]));
  const all: Election = { active: 'a', members: ['a', 'b', 'c'], draining: [], absent: [], ...election };
  expect(chooseActive(all, known, NOW)).toEqual(expected);
});

describe('health', () => {
  test('a probe that fails once is forgiven; a second later it is not', () => {
    const once = probed(newHealth(at(0)), { ok: false, at: at(1) });
    expect([isGood(once, at(1.9)), isGood(once, at(2))]).toEqual([true, false]);
    expect(isGood(probed(once, { ok: false, at: at(2) }), at(2))).toBe(false);
    expect(probed(once, { ok: true, at: at(1.5) })).toEqual({
      heardAt: at(1.5),
      failingSince: null,
      goodSince: at(1.5),
    });
  });

  test('after a silence it is good anew, and a sign of life does not mend a failing probe', () => {
    expect(heard(newHealth(at(0)), at(3)).goodSince).toBe(at(0));
    expect(heard(newHealth(at(0)), at(4)).goodSince).toBe(at(4));
    const failing = probed(newHealth(at(0)), { ok: false, at: at(1) });
    expect(heard(failing, at(10))).toEqual({ heardAt: at(10), failingSince: at(1), goodSince: null });
  });

  test('what comes late makes nothing older', () => {
    expect(heard(newHealth(at(5)), at(4)).heardAt).toBe(at(5));
  });
});
