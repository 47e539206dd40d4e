import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { withCampaigns } from './kept-results.js';
import { readResults } from './results.js';
import { DOCUMENTS, withTable } from './table.js';

test.each(Object.entries(DOCUMENTS))(
  'the figures in %s are those in bench/results (npm run bench -- --table writes them)',
  (file, tableOf) => {
    const text = readFileSync(file, 'utf8');
    expect(withTable(text, tableOf(readResults('bench/results')))).toBe(text);
  },
);

test('the figures of campaigns in docs/reliability.md are those in bench/results (each writes its own with --keep)', () => {
  const text = readFileSync('docs/reliability.md', 'utf8');
  expect(withCampaigns(text)).toBe(text);
});

test('a document without its marks is refused', () => {
  expect(() => withTable('# Tombolo\n', '')).toThrow('bench:begin');
});
