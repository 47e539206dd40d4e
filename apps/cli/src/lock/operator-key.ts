import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { signerOf, type Signer } from '#contracts/ed25519.js';
import { type LockPin, NO_PIN, readLockEntry } from '#contracts/membership-lock.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { writeNew } from '../new-file.js';

/** An operator's key for one network, and the newest entry of its lock that this operator has seen. Never leaves the machine. */
export interface OperatorKey {
  file: string;
  network: string;
  signer: Signer;
  pin: LockPin;
}

interface KeyFile {
  format: 1;
  network: string;
  publicKey: string;
  /** The secret half: base64 of 32 bytes. */
  seed: string;
  pin: LockPin;
}

const SEED_BYTES = 32;

/** `--key`, `TOMBOLO_LOCK_KEY`, or a file for the network in the user's own configuration. */
export function keyFileOf(network: string, option: string | undefined, env = process.env): string {
  const config = env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  return resolve(option ?? env.TOMBOLO_LOCK_KEY ?? join(config, 'tombolo', 'lock', `${network}.json`));
}

/** @returns the key in the file, made if there is none */
export function openOrMakeKey(file: string, network: string): OperatorKey {
  if (existsSync(file)) return openKey(file, network);
  const seed = randomBytes(SEED_BYTES);
  const { publicKey } = signerOf(seed);
  const content: KeyFile = { format: 1, network, publicKey, seed: seed.toString('base64'), pin: NO_PIN };
  attempt(`write ${file}`, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeNew(file, `${JSON.stringify(content, null, 2)}\n`);
  });
  return openKey(file, network);
}

/** @throws CommandFailed */
export function openKey(file: string, network: string): OperatorKey {
  if (!existsSync(file))
    throw new CommandFailed(
      EXIT.notFound,
      `there is no key in ${file}: "tombolo lock key ${network}" makes one, or name another with --key`,
    );
  const content = read(file);
  if (content.network !== network)
    throw new CommandFailed(
      EXIT.usage,
      `the key in ${file} is for network "${content.network}": name that of "${network}" with --key`,
    );
  return { file, network, signer: signerOf(Buffer.from(content.seed, 'base64')), pin: content.pin };
}

/** What was seen of the lock: from now on an older one, or another, is not believed. */
export function keepPin({ file }: OperatorKey, pin: LockPin): void {
  const text = `${JSON.stringify({ ...read(file), pin }, null, 2)}\n`;
  attempt(`write ${file}`, () => {
    rmSync(`${file}.new`, { force: true });
    writeNew(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  });
}

/** Where the secret that takes the lock off is put when the lock is made: to be moved to a safe place. */
export const secretFileOf = ({ file }: OperatorKey) => `${file}.unlock`;

export function writeSecret(file: string, secret: string): void {
  attempt(`write ${file}`, () => {
    rmSync(file, { force: true });
    writeNew(file, `${secret}\n`);
  });
}

export const readSecret = (file: string): string => attempt(`read ${file}`, () => readFileSync(file, 'utf8').trim());

/** What is wrong is told without what is in it. */
function read(file: string): KeyFile {
  const text = attempt(`read ${file}`, () => readFileSync(file, 'utf8'));
  const content = parsed(text);
  if (!content)
    throw new CommandFailed(EXIT.failed, `${file} is no key of an operator, or damaged: restore it from a copy`);
  return content;
}

function parsed(text: string): KeyFile | undefined {
  try {
    const { format, network, publicKey, seed, pin } = JSON.parse(text) as KeyFile;
    const bytes = Buffer.from(seed, 'base64');
    const entry = pin.entry === null ? null : readLockEntry(pin.entry);
    const fine = format === 1 && typeof network === 'string' && bytes.length === SEED_BYTES && entry !== undefined;
    if (!fine || signerOf(bytes).publicKey !== publicKey) return undefined;
    return { format, network, publicKey, seed, pin: { fingerprint: pin.fingerprint, entry } };
  } catch {
    return undefined;
  }
}

function attempt<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CommandFailed(EXIT.failed, `cannot ${what}: ${(error as Error).message}`);
  }
}
