import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import type { BackupSummary } from '#event-store/backup/backup-file.js';
import { createBackup } from './create.js';
import { placeOf } from './place.js';
import { restoreBackup, RestoreRefused } from './restore.js';

/** What `tombolo backup` runs: `main.js create|restore FILE [--data DIR]` (docs/operations.md, backup). */
const { values, positionals } = parseArgs({ allowPositionals: true, options: { data: { type: 'string' } } });
const [verb, name = ''] = positionals;
const file = name === '-' ? name : resolve(name);
const log = pino({ level: process.env.TOMBOLO_LOG ?? 'warn' }, pino.destination({ dest: 2, sync: true }));

try {
  const place = placeOf(values.data, process.env);
  if (verb === 'restore') say(`restored ${contentOf(await restoreBackup(place, file, log))}`);
  else say(`backup of ${contentOf(await createBackup(place, file, log))}`);
} catch (error) {
  process.stderr.write(`tombolo: ${(error as Error).message}\n`);
  process.exitCode = error instanceof RestoreRefused ? 3 : 1;
}

/** Standard output may be the backup itself. */
function say(text: string): void {
  (name === '-' ? process.stderr : process.stdout).write(`${text}\n`);
}

function contentOf({ facts, heads, files, answers, createdAt }: BackupSummary): string {
  return `${facts} facts in ${heads.size} logs, every hash chain intact, ${answers} answers, ${files} files of keys, as of ${createdAt}`;
}
