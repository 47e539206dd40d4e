import { parse } from 'yaml';
import { type Column, outputFormat, renderList, renderOne } from './render.js';

interface Row {
  name: string;
  size: number | null;
}
const rows: Row[] = [
  { name: 'a', size: 1 },
  { name: 'long-name', size: null },
];
const columns: Column<Row>[] = [
  ['name', (row) => row.name],
  ['size', (row) => row.size],
];

test('a table has headings, aligned columns and a dash for nothing', () => {
  expect(renderList('table', rows, columns).split('\n')).toEqual(['NAME       SIZE', 'a          1', 'long-name  -']);
  expect(renderList('table', [], columns)).toBe('none');
});

test('json and yaml hold the rows whole', () => {
  expect(JSON.parse(renderList('json', rows, columns))).toEqual(rows);
  expect(parse(renderList('yaml', rows, columns))).toEqual(rows);
  expect(JSON.parse(renderOne('json', rows[0]!, columns))).toEqual(rows[0]);
});

test('an unknown format is a usage error that names the known ones', () => {
  expect(() => outputFormat('xml')).toThrow("table, json or yaml, not 'xml'");
  expect(outputFormat(undefined)).toBe('table');
});
