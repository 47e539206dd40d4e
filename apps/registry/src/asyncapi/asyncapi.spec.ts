import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { startRegistry } from '../testing/registry.fixture.js';
import { asyncApiDocument } from './asyncapi.js';

const specification = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;

test('it is a document of AsyncAPI 3, by the schema of its makers', () => {
  const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true, logger: false }));
  const validate = ajv.compile(specification);
  validate(asyncApiDocument());
  expect(validate.errors).toBeNull();
});

test('anyone may read it from the server', async () => {
  const registry = await startRegistry();
  const answer = await registry.request('GET', '/api/asyncapi.json', { headers: { authorization: '' } });
  expect([answer.status, answer.body]).toEqual([200, JSON.parse(JSON.stringify(asyncApiDocument()))]);
  await registry.close();
});

test('it has every subject that docs/nats.md offers to others, and no other', async () => {
  const rows = (await readFile('docs/nats.md', 'utf8')).split('\n').filter((line) => line.startsWith('| `tombolo.'));
  const offered = rows.filter((row) => !/the owner answers/.test(row));
  const firstWords = (text: string) => text.split('.').slice(0, 2).join('.');
  const documented = offered.flatMap((row) => [...row.matchAll(/`(tombolo\.[a-z-]+)\./g)].map(([, words]) => words));
  const addresses = Object.values(asyncApiDocument().channels).map(({ address }) => firstWords(address));
  expect([...new Set(addresses)].sort()).toEqual([...new Set(documented)].sort());
});
