import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { LONGEST_DELEGATION_DAYS } from '#contracts/delegation.js';
import { signerOf } from '#contracts/ed25519.js';
import { formatEnrolmentToken, parseEnrolmentToken } from '#contracts/enrolment-token.js';
import { MOST_REVOKED } from '#contracts/membership-lock.js';
import { isId } from '#contracts/names.js';
import { changeAfter, delegate, signLock } from '#contracts/sign-membership.js';
import { duration } from '../arguments.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { tokenOf, usableKeyOf } from '../keys/token-argument.js';
import { renderData, renderList } from '../output/render.js';
import { delegatedColumns } from './member-columns.js';
import { type KeyOption, opened, type Opened } from './opened.js';

const DAY_S = 86_400;

/** Enrolment keys whose machines sign themselves. @param add a command of `lock` with its first argument */
export function delegationCommands(add: (name: string, argument: string) => Command): void {
  add('sign-key', '<network>')
    .argument('<token>', 'what "key create" printed; "-": standard input, "@FILE": a file')
    .description('let the machines that join with an enrolment token sign themselves; prints the token to give to them')
    .option('--for <duration>', 'how long their signatures count (default 7d, at most 90d)', validity, 7 * DAY_S)
    .action(async (network: string, token: string, options: KeyOption & { for: number }, command: Command) => {
      await signKey(network, tokenOf(token, 'the token'), {
        validityS: options.for,
        ...opened(network, options, command),
      });
    });

  add('revoke-key', '<network>')
    .argument('<key>', 'id of an enrolment key', keyIdOf)
    .description('let an enrolment key sign nobody, and whom it signed count no more')
    .action(async (network: string, keyId: string, options: KeyOption, command: Command) => {
      await revokeKey(network, keyId, opened(network, options, command));
    });
}

async function signKey(network: string, text: string, of: Opened & { validityS: number }): Promise<void> {
  const { api, key, desk, print, warn, format, validityS } = of;
  const { networkId } = await desk.entryFor(key);
  const { fingerprint } = (await desk.believe(key)).pin;
  const token = parseEnrolmentToken(text);
  const { keyId, ephemeralTtl, uses } = await usableKeyOf(api, network, text);
  const seed = randomBytes(32);
  const until = new Date(Date.now() + validityS * 1000).toISOString();
  const delegation = delegate({ networkId, keyId, publicKey: signerOf(seed).publicKey, until }, key.signer);
  const signed = formatEnrolmentToken({
    ...token,
    ...(fingerprint !== null && { lock: fingerprint }),
    signing: { seed: seed.toString('base64url'), delegation },
  });
  if (ephemeralTtl === null) warn("the key is not ephemeral: machines that stay need an operator's signature by then");
  if (uses === null) warn('the key admits any number of machines');
  warn(`who joins with it is a member until ${until}, or longer once an operator has signed it`);
  print(format === 'table' ? signed : renderData(format, { token: signed, keyId, until }));
}

async function revokeKey(network: string, keyId: string, { key, desk, confirm, print, warn }: Opened): Promise<void> {
  const entry = await desk.entryFor(key);
  const { revoked = [] } = entry;
  if (revoked.includes(keyId)) return print(`${keyId} signs nobody for ${network}`);
  if (revoked.length >= MOST_REVOKED)
    throw new CommandFailed(
      EXIT.refused,
      `${MOST_REVOKED} keys are revoked, the most there can be: replace your key (lock add, lock remove), which ends all that it signed`,
    );
  const theirs = (await desk.members()).filter((one) => one.keyId === keyId && one.until !== null);
  if (theirs.length > 0)
    warn(`these are cut off until they are signed:\n${renderList('table', theirs, delegatedColumns)}`);
  await confirm(`Shall the enrolment key ${keyId} sign nobody for ${network} any more?`);
  await desk.change(key, signLock(changeAfter(entry, { revoked: [...revoked, keyId] }), key.signer));
  print(`${keyId} signs nobody for ${network}; "tombolo key revoke" ends joining with it`);
}

function validity(value: string): number {
  const seconds = duration(value);
  if (seconds >= 60 && seconds <= LONGEST_DELEGATION_DAYS * DAY_S) return seconds;
  throw new InvalidArgumentError(`give 1m to ${LONGEST_DELEGATION_DAYS}d`);
}

function keyIdOf(value: string): string {
  if (isId(value)) return value;
  throw new InvalidArgumentError('give the id of an enrolment key, as "tombolo key list" shows it');
}
