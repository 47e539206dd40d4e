import { existsSync, readFileSync } from 'node:fs';
import { createTrust, type Trust } from '#messaging/trust.js';
import { StartFailure } from './failure.js';
import { writeFileAtomic } from './files.js';

/** The broker's operator, accounts and keys: made at the first start, then always the same. The file is 0600. */
export async function keepTrust(file: string, now: Date): Promise<Trust> {
  if (!existsSync(file)) writeFileAtomic(file, `${JSON.stringify(await createTrust(now), null, 2)}\n`, 0o600);
  return readTrust(file);
}

/** Reads the trust of a broker that somebody else runs (`TOMBOLO_NATS_TRUST`). */
export function readTrust(file: string): Trust {
  try {
    const trust = JSON.parse(readFileSync(file, 'utf8')) as Trust;
    if (trust.format === 1) return trust;
  } catch (error) {
    throw unreadable(file, error);
  }
  throw unreadable(file);
}

/** The content is not repeated: all of it is secret. */
function unreadable(file: string, cause?: unknown): StartFailure {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  const reason = code ? `cannot be read (${code})` : 'is not a trust file of this release';
  return new StartFailure(`The file ${file} with NATS's keys ${reason}: restore it from your backup.`, 1, {
    cause: code,
  });
}
