import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readResults } from './results.js';
import { withTable } from './table.js';

test("the README's table says what bench/results holds (npm run bench -- --table writes it)", () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(withTable(readme, readResults('bench/results'))).toBe(readme);
});

test('a README without its marks is refused', () => {
  expect(() => withTable('# Tombolo\n', { meshes: [] })).toThrow('bench:begin');
});
