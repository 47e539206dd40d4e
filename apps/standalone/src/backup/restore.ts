import { createReadStream, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { type BackupSummary, readBackup } from '#event-store/backup/backup-file.js';
import type { ContentLine, FileLine } from '#event-store/backup/backup-lines.js';
import { migrateLog } from '#event-store/postgres/data-source.js';
import { copyIn, LogNotEmpty } from '#event-store/postgres/log-copy.js';
import { StartFailure } from '../parts/failure.js';
import { syncDir } from '../parts/files.js';
import type { Log } from '../parts/log.js';
import { conflictingKeyFiles, writeKeyFiles } from './key-files.js';
import { type Place, startPlace } from './place.js';
import { RELEASE } from './release.js';

/** There is something that a restore would destroy. */
export class RestoreRefused extends Error {}

/**
 * Makes a control plane of a backup (`-`: standard input), all or nothing. It is not started.
 * @throws RestoreRefused, StartFailure, BackupError, Unavailable
 */
export async function restoreBackup(place: Place, file: string, log: Log): Promise<BackupSummary> {
  const source = sourceOf(file);
  if (place.kind === 'external') return restoreInto(place, source);
  const { data } = place;
  if (existsSync(data) && readdirSync(data).length > 0)
    throw new RestoreRefused(`${data} is not empty: a backup is restored into a new or an empty directory (--data).`);
  // Beside the place itself, which gets its name when all is done: a restore that is killed leaves nothing half done there.
  const draft = `${data}.restoring`;
  rmSync(draft, { recursive: true, force: true });
  try {
    const open = await startPlace(draft, log);
    const summary = await restoreInto(open, source).finally(() => open.close());
    renameSync(draft, data);
    syncDir(dirname(data));
    return summary;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function sourceOf(file: string): Readable {
  if (file === '-') return process.stdin;
  if (!existsSync(file)) throw new StartFailure(`There is no file ${file}.`);
  return createReadStream(file);
}

async function restoreInto({ url, keys }: { url: string; keys: string }, source: Readable): Promise<BackupSummary> {
  await migrateLog({ url, applicationName: 'tombolo-backup' });
  const files: FileLine[] = [];
  try {
    return await copyIn(url, Date.now(), withoutFiles(readBackup(source, RELEASE), files), () => {
      const [conflict] = conflictingKeyFiles(keys, files);
      if (conflict !== undefined)
        throw new RestoreRefused(
          `${conflict} is there and is another one: move the keys of the other control plane away. Nothing was restored.`,
        );
      writeKeyFiles(keys, files);
    });
  } catch (error) {
    if (!(error instanceof LogNotEmpty)) throw error;
    throw new RestoreRefused('The database holds a log already: a backup is restored into an empty one.');
  }
}

async function* withoutFiles(
  lines: AsyncGenerator<ContentLine, BackupSummary>,
  files: FileLine[],
): AsyncGenerator<Exclude<ContentLine, FileLine>, BackupSummary> {
  for (;;) {
    const next = await lines.next();
    if (next.done) return next.value;
    if (next.value.kind === 'file') files.push(next.value);
    else yield next.value;
  }
}
