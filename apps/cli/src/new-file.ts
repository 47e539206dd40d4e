import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/** Writes a file that must not be there yet, on disk when it returns, readable by its owner alone. */
export function writeNew(file: string, text: string): void {
  const handle = openSync(file, 'wx', OWNER_ONLY);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
