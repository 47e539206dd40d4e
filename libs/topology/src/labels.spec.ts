import { describe, expect, test } from '@jest/globals';
import { labelErrors, MAX_LABELS, sameLabels, siteErrors } from './labels.js';

const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']));

test.each([
  [{}],
  [{ role: 'db' }],
  [{ 'example.com/zone': 'eu-west_1.a' }],
  [{ empty: '' }],
  [{ constructor: 'x' }],
  [many(MAX_LABELS)],
])('fine: %j', (labels) => {
  expect(labelErrors(labels)).toEqual([]);
});

test.each([
  [{ '': 'x' }, 'labels', 'key'],
  [{ ' role': 'x' }, 'labels', 'key'],
  [{ '-role': 'x' }, 'labels', 'key'],
  [{ ['k'.repeat(64)]: 'x' }, 'labels', 'key'],
  [{ role: 'a b' }, 'labels.role', '63 letters'],
  [{ role: 'v'.repeat(64) }, 'labels.role', '63 letters'],
  [{ role: 'new\nline' }, 'labels.role', '63 letters'],
  [{ role: 7 as unknown as string }, 'labels.role', '63 letters'],
  [many(MAX_LABELS + 1), 'labels', 'at most 32'],
])('refused: %j', (labels, field, message) => {
  const [error] = labelErrors(labels as Record<string, string>);
  expect(error?.field).toBe(field);
  expect(error?.message).toContain(message);
});

test('a key named __proto__ is no way in', () => {
  expect(labelErrors(JSON.parse('{"__proto__": "x"}'))).toHaveLength(1);
});

test('sites are named like values, and not empty', () => {
  expect([null, undefined, 'berlin-1'].flatMap(siteErrors)).toEqual([]);
  for (const site of ['', ' ', 'a/b', 's'.repeat(64)]) expect(siteErrors(site)).toHaveLength(1);
});

describe('the same labels', () => {
  test.each([
    [{}, {}, true],
    [{ a: '1', b: '2' }, { b: '2', a: '1' }, true],
    [{ a: '1' }, { a: '2' }, false],
    [{ a: '1' }, { a: '1', b: '2' }, false],
    [{ a: '1' }, { b: '1' }, false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(sameLabels(a as Record<string, string>, b as Record<string, string>)).toBe(same);
  });
});
