import { readFileSync } from 'node:fs';
import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import { isRefusal } from '#contracts/errors.js';
import { segment } from '../arguments.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { ApiClient } from '../server/api-client.js';
import type { KeyView } from './key.commands.js';

/** An enrolment token as people hand it to us: itself, `-` for standard input, `@FILE`. @throws CommandFailed */
export function tokenOf(given: string, called: string): string {
  const text =
    given === '-'
      ? readText(0, 'standard input')
      : given.startsWith('@')
        ? readText(given.slice(1), given.slice(1))
        : given;
  try {
    parseEnrolmentToken(text);
  } catch (error) {
    throw isRefusal(error) ? new CommandFailed(EXIT.usage, `${called}: ${error.detail}`) : error;
  }
  return text.trim();
}

/** A machine that cannot join is found out here, not when it boots. */
export async function usableKeyOf(api: ApiClient, network: string, token: string): Promise<KeyView> {
  const { keyId } = parseEnrolmentToken(token);
  const key = await api.get<KeyView>(`/networks/${segment(network)}/enrollment-keys/${segment(keyId)}`);
  if (key.revoked) throw new CommandFailed(EXIT.refused, `the key ${keyId} is revoked: create another one`);
  if (key.expiresAt !== null && Date.parse(key.expiresAt) <= Date.now())
    throw new CommandFailed(EXIT.refused, `the key ${keyId} has expired: create another one`);
  return key;
}

/** @throws CommandFailed */
export function readText(from: string | number, called: string): string {
  try {
    return readFileSync(from, 'utf8');
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `cannot read ${called}: ${(error as Error).message}`);
  }
}
