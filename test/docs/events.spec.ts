import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FACT_TYPES } from '../../apps/registry/src/asyncapi/fact-types.js';

const catalogue = readFileSync(join(process.cwd(), 'docs/events.md'), 'utf8');

test('the catalogue that users read has every type of fact, once, and no other', () => {
  const rows = [...catalogue.matchAll(/^\| `([A-Z]\w+)` /gm)].map(([, type]) => type);
  expect(rows.sort()).toEqual(Object.keys(FACT_TYPES).sort());
});
