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
  const trust = readTrust(join(dir, TRUST));
  const masterKey = Buffer.from(readSecret(join(dir, MASTER)).trim(), 'base64');
  if (masterKey.length !== 32) throw new Error(`${join(dir, MASTER)} holds ${masterKey.length} bytes instead of 32`);
  return { trust, masterKey };
}

/**
 * The keys of a broker's operator and accounts. The text is not repeated in an error: all of it is secret.
 * @throws Error with a sentence that names the file
 */
export function readTrust(file: string): Trust {
  const text = readSecret(file);
  let trust: Trust;
  try {
    trust = JSON.parse(text) as Trust;
  } catch {
    throw new Error(`${file} is cut or damaged: restore it from your backup`);
  }
  if (trust.format !== 1) throw new Error(`${file} has format ${String(trust.format)}; this version reads format 1`);
  return trust;
}

/** The directory's secrets, made the first time. A crash in between leaves whole files or none. */
export async function ensureSecrets(dir: string, now: Date): Promise<Secrets> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (!existsSync(join(dir, MASTER))) writeSecret(join(dir, MASTER), `${randomBytes(32).toString('base64')}\n`);
  if (!existsSync(join(dir, TRUST)))
    writeSecret(join(dir, TRUST), `${JSON.stringify(await createTrust(now), null, 1)}\n`);
  return readSecrets(dir);
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(`cannot read ${file}: ${reason}`, { cause: error });
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
