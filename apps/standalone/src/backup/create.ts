import { createWriteStream, existsSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type BackupSummary, writeBackup } from '#event-store/backup/backup-file.js';
import { copyOut } from '#event-store/postgres/log-copy.js';
import { fileFailure, StartFailure } from '../parts/failure.js';
import { syncDir } from '../parts/files.js';
import type { Log } from '../parts/log.js';
import { readKeyFiles } from './key-files.js';
import { openPlace, type Place } from './place.js';
import { RELEASE } from './release.js';

/**
 * Writes everything of a control plane that cannot be made again into one file (0600), or to standard output for `-`. It
 * may run meanwhile: the log is read as of one moment. The file has its name only once it is whole.
 * @throws StartFailure, BackupError, Unavailable
 */
export async function createBackup(place: Place, out: string, log: Log): Promise<BackupSummary> {
  if (out !== '-' && existsSync(out)) throw new StartFailure(`${out} is there already: give another name.`);
  const open = await openPlace(place, log);
  try {
    const files = readKeyFiles(open.keys);
    let summary: BackupSummary | undefined;
    async function* content() {
      yield* files;
      yield* copyOut(open.url);
    }
    const header = { release: RELEASE, createdAt: new Date().toISOString() };
    const backup = writeBackup(header, content(), (whole) => (summary = whole));
    if (out === '-') await pipeline(backup, process.stdout, { end: false });
    else await writeWhole(out, (sink) => pipeline(backup, sink));
    return summary!;
  } finally {
    await open.close();
  }
}

async function writeWhole(file: string, fill: (sink: NodeJS.WritableStream) => Promise<void>): Promise<void> {
  const draft = `${file}.${process.pid}.part`;
  try {
    await fill(createWriteStream(draft, { fd: openSync(draft, 'wx', 0o600), flush: true }));
    // Unlike a rename it never replaces what somebody else wrote meanwhile.
    linkSync(draft, file);
    syncDir(dirname(file));
  } catch (error) {
    throw fileFailure(error, file);
  } finally {
    rmSync(draft, { force: true });
  }
}
