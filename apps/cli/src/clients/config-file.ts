import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { writeNew } from '../new-file.js';
import { privateKeyIn } from './client-config.js';

/**
 * The file of a configuration while it is made. The private key is on disk, in `<file>.part`, before the server hears of
 * its public half; so an interrupted command can be repeated with the same key, and no client is left whose key nobody has.
 */
export const partOf = (file: string) => `${file}.part`;

/**
 * @param owner whose key it is, `NETWORK/CLIENT`
 * @returns the key that an interrupted command left, if it was for the same client
 */
export function interruptedKey(file: string, owner: string): string | undefined {
  const part = partOf(file);
  if (!existsSync(part)) return undefined;
  const text = attempt(`read ${part}`, () => readFileSync(part, 'utf8'));
  const key = privateKeyIn(text);
  if (!key || !text.startsWith(`${headline(owner)}\n`))
    throw new CommandFailed(EXIT.usage, `${part} is there and is not for ${owner}: choose another file, or remove it`);
  return key;
}

export function keepKey(file: string, owner: string, privateKey: string): void {
  const part = partOf(file);
  attempt(`write ${part}`, () => writeNew(part, `${headline(owner)}\n[Interface]\nPrivateKey = ${privateKey}\n`));
}

export function forgetKey(file: string): void {
  rmSync(partOf(file), { force: true });
}

/** Writes the whole configuration, readable by its owner alone, in the place of whatever was there. */
export function writeConfig(file: string, text: string): void {
  const whole = `${file}.new`;
  const hint = existsSync(partOf(file))
    ? ` (its private key is in ${partOf(file)}; mend it and repeat the command)`
    : '';
  rmSync(whole, { force: true });
  try {
    attempt(`write ${file}${hint}`, () => {
      writeNew(whole, text);
      renameSync(whole, file);
    });
  } finally {
    rmSync(whole, { force: true });
  }
  forgetKey(file);
}

const headline = (owner: string) => `# ${owner}, not finished: repeat the command`;

function attempt<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CommandFailed(EXIT.failed, `cannot ${what}: ${(error as Error).message}`);
  }
}
