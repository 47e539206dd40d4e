import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { FileLine } from '#event-store/backup/backup-lines.js';
import { StartFailure } from '../parts/failure.js';
import { writeFileAtomic } from '../parts/files.js';

/** Our own PostgreSQL's password is that of one data directory; restored, there is another. */
const NOT_KEPT = new Set(['postgres-password']);

/** Every file of the directory of keys. @throws StartFailure when the keys that agents rely on are not among them */
export function readKeyFiles(keys: string): FileLine[] {
  for (const needed of ['trust.json', 'master.key'])
    if (!existsSync(join(keys, needed)))
      throw new StartFailure(`${join(keys, needed)} is not there: give the control plane's own directory.`);
  return filesIn(keys)
    .map((file) => ({ file, path: relative(keys, file) }))
    .filter(({ path }) => !NOT_KEPT.has(path))
    .map(({ file, path }) => ({
      kind: 'file',
      path,
      mode: statSync(file).mode & 0o777,
      content: readFileSync(file).toString('base64'),
    }));
}

/** Names those that are there with other content. */
export function conflictingKeyFiles(keys: string, files: FileLine[]): string[] {
  return files
    .map(({ path, content }) => ({ file: join(keys, path), content }))
    .filter(({ file, content }) => existsSync(file) && readFileSync(file).toString('base64') !== content)
    .map(({ file }) => file);
}

/** Each whole or not at all; the same again changes nothing. */
export function writeKeyFiles(keys: string, files: FileLine[]): void {
  for (const { path, mode, content } of files) {
    const file = join(keys, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileAtomic(file, Buffer.from(content, 'base64'), mode);
    chmodSync(file, mode);
  }
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      // A draft of a file that is being replaced right now.
      if (entry.name.endsWith('.new') || entry.name.startsWith('.')) return [];
      return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
    });
}
