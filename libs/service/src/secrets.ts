import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createTrust, type Trust } from '#messaging/trust.js';

/** What all replicas of all services share. Kept in one directory, each file 0600, never in the log or the broker. */
export interface Secrets {
  /** Keys of the broker's accounts, and the pair that desired state is sealed with. */
  trust: Trust;
  /** 32 bytes that enrolment secrets are derived from. */
  masterKey: Uint8Array;
}

const TRUST = 'trust.json';
const MASTER = 'master.key';

/** @throws Error with a sentence that names the file */
export function readSecrets(dir: string): Secrets {
  const trust = JSON.parse(readSecret(dir, TRUST)) as Trust;
  if (trust.format !== 1)
    throw new Error(`${join(dir, TRUST)} has format ${String(trust.format)}; this version reads format 1`);
  const masterKey = Buffer.from(readSecret(dir, MASTER).trim(), 'base64');
  if (masterKey.length !== 32) throw new Error(`${join(dir, MASTER)} holds ${masterKey.length} bytes instead of 32`);
  return { trust, masterKey };
}

/** The directory's secrets, made the first time. A crash in between leaves whole files or none. */
export async function ensureSecrets(dir: string, now: Date): Promise<Secrets> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (!existsSync(join(dir, MASTER))) writeSecret(join(dir, MASTER), `${randomBytes(32).toString('base64')}\n`);
  if (!existsSync(join(dir, TRUST)))
    writeSecret(join(dir, TRUST), `${JSON.stringify(await createTrust(now), null, 1)}\n`);
  return readSecrets(dir);
}

function readSecret(dir: string, name: string): string {
  try {
    return readFileSync(join(dir, name), 'utf8');
  } catch (error) {
    throw new Error(
      `cannot read ${join(dir, name)}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
      { cause: error },
    );
  }
}

function writeSecret(file: string, text: string): void {
  const handle = openSync(`${file}.new`, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
}
