import { describe, expect, test } from '@jest/globals';
import { chooseActive, type Choice, type Election } from './choose-active.js';
import { conditionOf, heard, newHealth, probed, type MemberHealth } from './member-health.js';

const NOW = 1_000_000;
const told: MemberHealth = { ...newHealth(0), heardAt: NOW - 400, goodSince: 0, handshakeAt: NOW - 60_000, detail: '' };
const health: Record<string, MemberHealth> = {
  good: told,
  'good for 5 s': { ...told, goodSince: NOW - 5_000 },
  'good for 4.9 s': { ...told, goodSince: NOW - 4_900 },
  'good for 30 s': { ...told, goodSince: NOW - 30_000 },
  'good for 29.9 s': { ...told, goodSince: NOW - 29_900 },
  failing: { ...told, failures: 2, goodSince: null },
  blip: { ...told, failures: 1 },
  silent: { ...told, heardAt: NOW - 1_751 },
  quiet: { ...told, heardAt: NOW - 1_750 },
  'failing and silent': { ...told, heardAt: NOW - 1_751, failures: 3, goodSince: null },
  'never heard': newHealth(NOW - 15_001),
  'not heard yet': newHealth(NOW - 15_000),
  stale: { ...told, handshakeAt: NOW - 180_001 },
  'without handshake': { ...told, handshakeAt: null },
};

type Row = [string, Partial<Election>, Record<string, keyof typeof health>, Choice | null];

test.each<Row>([
  ['all well', {}, { a: 'good', b: 'good' }, null],
  ['nothing known', {}, {}, null],
  ['one failed probe', {}, { a: 'blip', b: 'good' }, null],
  ['two failed probes', {}, { a: 'failing', b: 'good' }, { active: 'b', reason: 'probe failed' }],
  ['1.75 seconds of silence', {}, { a: 'quiet', b: 'good' }, null],
  ['more than that', {}, { a: 'silent', b: 'good' }, { active: 'b', reason: 'host lost' }],
  ['failing, then silent', {}, { a: 'failing and silent', b: 'good' }, { active: 'b', reason: 'host lost' }],
  ['the next in order', {}, { a: 'failing', b: 'failing', c: 'good' }, { active: 'c', reason: 'probe failed' }],
  ['not heard yet, and that may be', {}, { a: 'not heard yet', b: 'good' }, null],
  ['not heard within the time of grace', {}, { a: 'never heard', b: 'good' }, { active: 'b', reason: 'host lost' }],
  ['nobody better', {}, { a: 'failing', b: 'silent', c: 'failing' }, null],
  ['a failing one, others unknown', {}, { a: 'failing', b: 'not heard yet' }, null],
  ['a failing one, the other just back', {}, { a: 'failing', b: 'good for 4.9 s' }, null],
  [
    'a failing one, the other back for 5 s',
    {},
    { a: 'failing', b: 'good for 5 s' },
    { active: 'b', reason: 'probe failed' },
  ],
  ['the preferred one not back long', { active: 'b' }, { a: 'good for 29.9 s', b: 'good' }, null],
  [
    'the preferred one back for 30 s',
    { active: 'b' },
    { a: 'good for 30 s', b: 'good' },
    { active: 'a', reason: 'preferred' },
  ],
  ['a less preferred one, however long good', {}, { a: 'good for 29.9 s', b: 'good' }, null],
  ['the preferred one good and draining', { active: 'b', draining: ['a'] }, { a: 'good', b: 'good' }, null],
  ['draining', { draining: ['a'] }, { a: 'good', b: 'good' }, { active: 'b', reason: 'drained' }],
  ['draining, and no other can', { draining: ['a'] }, { a: 'good', b: 'failing' }, null],
  ['draining, and all others drain', { draining: ['a', 'b'] }, { a: 'good', b: 'good' }, null],
  ['draining and silent', { draining: ['a'] }, { a: 'silent', b: 'good' }, { active: 'b', reason: 'host lost' }],
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
  ['an old handshake', {}, { a: 'stale', b: 'good' }, { active: 'b', reason: 'handshake stale' }],
  ['an old handshake, as all have', {}, { a: 'stale', b: 'stale' }, null],
  ['an old handshake, and none of the other', {}, { a: 'stale', b: 'without handshake' }, null],
  ['no handshake ever', {}, { a: 'without handshake', b: 'good' }, null],
  ['an old handshake, the other just back', {}, { a: 'stale', b: 'good for 4.9 s' }, null],
  ['the preferred one good, its handshake old', { active: 'b' }, { a: 'stale', b: 'good' }, null],
  [
    'the preferred one good, all handshakes old',
    { active: 'b' },
    { a: 'stale', b: 'stale' },
    { active: 'a', reason: 'preferred' },
  ],
  ['disabled', { absent: ['a'] }, { a: 'good', b: 'good for 4.9 s' }, { active: 'b', reason: 'host lost' }],
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
  expect(chooseActive(all, known, { now: NOW, returnAfterMs: 30_000, activatedAt: null })).toEqual(expected);
});

test('a preferred one that comes and goes has to wait as long as it is told', () => {
  const election: Election = { active: 'b', members: ['a', 'b'], draining: [], absent: [] };
  const known = new Map([
    ['a', { ...told, goodSince: NOW - 119_999 }],
    ['b', told],
  ]);
  expect(chooseActive(election, known, { now: NOW, returnAfterMs: 120_000, activatedAt: null })).toBeNull();
  const later = { now: NOW + 1, returnAfterMs: 120_000 };
  expect(chooseActive(election, known, { ...later, activatedAt: NOW - 119_999 })).toMatchObject({ active: 'a' });
  expect(chooseActive(election, known, { ...later, activatedAt: NOW - 119_998 })).toBeNull();
});

describe('health', () => {
  const ok = { ok: true, detail: 'echo' };
  const bad = { ok: false, detail: 'no echo' };
  const at = (time: number, handshakeAge: number | null = null) => ({ at: time, handshakeAge });

  test('a probe that fails once is forgiven, twice in a row it is not, and then it is good anew', () => {
    const good = probed(newHealth(0), ok, at(500));
    const once = probed(good, bad, at(1_000));
    const twice = probed(once, bad, at(1_500));
    const mended = probed(once, ok, at(1_500));
    expect([once, twice, mended].map((each) => conditionOf(each, 1_500))).toEqual(['good', 'failing', 'good']);
    expect([once, twice, mended].map(({ goodSince }) => goodSince)).toEqual([500, null, 500]);
    expect(probed(twice, ok, at(2_000))).toEqual({
      since: 0,
      heardAt: 2_000,
      failures: 0,
      goodSince: 2_000,
      handshakeAt: null,
      detail: 'echo',
    });
  });

  test('it is unknown until a probe succeeded, and failing after two that did not', () => {
    const once = probed(newHealth(0), bad, at(500));
    expect(conditionOf(newHealth(0), 500)).toBe('unknown');
    expect(conditionOf(once, 500)).toBe('unknown');
    expect(conditionOf(probed(once, bad, at(1_000)), 1_000)).toBe('failing');
    expect(conditionOf(undefined, 0)).toBe('unknown');
  });

  test('after a silence it is good anew; another sign of life prolongs what a probe said, and replaces none', () => {
    const good = probed(newHealth(0), ok, at(500));
    expect(heard(good, 2_000)).toMatchObject({ heardAt: 2_000, goodSince: 500 });
    expect(conditionOf(heard(good, 2_251), 2_251)).toBe('unknown');
    expect(probed(good, ok, at(2_251)).goodSince).toBe(2_251);
    expect(heard(newHealth(0), 500)).toEqual(newHealth(0));
    const failing = probed(probed(good, bad, at(1_000)), bad, at(1_500));
    expect(conditionOf(heard(failing, 2_000), 2_000)).toBe('failing');
  });

  test('its newest handshake is as old as it said', () => {
    expect(probed(newHealth(0), ok, at(500, 2)).handshakeAt).toBe(-1_500);
  });
});
