import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Replaces a file so that a reader, and the disk after a crash, has the old or the new content and never a part. */
export function writeFileAtomic(file: string, content: string | Uint8Array, mode: number): void {
  const temporary = `${file}.new`;
  const handle = openSync(temporary, 'w', mode);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
  syncDir(dirname(file));
}

/** A secret kept in a 0600 file: what is there, else what `make` gives, written before it is returned. */
export function keepSecret(file: string, make: () => string): string {
  if (!existsSync(file)) writeFileAtomic(file, `${make()}\n`, 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** Makes a rename inside `dir` survive a power cut. */
export function syncDir(dir: string): void {
  const handle = openSync(dir, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
