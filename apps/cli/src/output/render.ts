import Table from 'cli-table3';
import { stringify } from 'yaml';
import { CommandFailed, EXIT } from '../exit-codes.js';

export type OutputFormat = 'table' | 'json' | 'yaml';

/** A column: its heading and what to show of a row. */
export type Column<Row> = [heading: string, cell: (row: Row) => string | number | null | undefined];

export function outputFormat(value: string | undefined): OutputFormat {
  if (value === undefined || value === 'table') return 'table';
  if (value === 'json' || value === 'yaml') return value;
  throw new CommandFailed(EXIT.usage, `--output: table, json or yaml, not '${value}'`);
}

/** Prints rows as a table that people like to read, or as data for programs. */
export function renderList<Row>(format: OutputFormat, rows: Row[], columns: Column<Row>[]): string {
  if (format !== 'table') return renderData(format, rows);
  if (rows.length === 0) return 'none';
  return table(
    columns.map(([heading]) => heading),
    rows.map((row) => columns.map(([, cell]) => show(cell(row)))),
  );
}

/** One thing as two columns: field and value. */
export function renderOne<Row>(format: OutputFormat, row: Row, columns: Column<Row>[]): string {
  if (format !== 'table') return renderData(format, row);
  return columns.map(([heading, cell]) => `${`${heading}:`.padEnd(16)} ${show(cell(row))}`).join('\n');
}

export function renderData(format: Exclude<OutputFormat, 'table'>, value: unknown): string {
  return format === 'json' ? JSON.stringify(value, null, 2) : stringify(value).trimEnd();
}

/** Plain columns, no lines: easy on the eye and on grep. */
export function table(head: string[], rows: string[][]): string {
  const none = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  };
  const lines = new Table({
    head: head.map((heading) => heading.toUpperCase()),
    chars: { ...none, left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  lines.push(...rows);
  return lines
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export const labelsText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

const show = (value: string | number | null | undefined) =>
  value === null || value === undefined || value === '' ? '-' : String(value);
