import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { isSigningKey } from '#contracts/ed25519.js';
import { disablementOf, isLockOn, isSecret, type LockEntry } from '#contracts/membership-lock.js';
import { changeAfter, signLock } from '#contracts/sign-membership.js';
import { publicKey } from '../clients/key-pair.js';
import { contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { renderData, renderList } from '../output/render.js';
import { delegationCommands } from './delegation.commands.js';
import { LockDesk } from './lock-desk.js';
import { lockStatus } from './lock-status.js';
import { memberColumns } from './member-columns.js';
import { type KeyOption, opened, type Opened } from './opened.js';
import { keyFileOf, openOrMakeKey, readSecret, secretFileOf, writeSecret } from './operator-key.js';

export function lockCommands(program: Command): void {
  const lock = program
    .command('lock')
    .description('signed membership: nobody joins without an operator, whoever holds the control plane');
  const add = (name: string, argument: string) =>
    lock
      .command(name)
      .argument(argument)
      .option(
        '--key <file>',
        "this operator's key (TOMBOLO_LOCK_KEY; default: one per network in ~/.config/tombolo/lock)",
      );

  add('key', '<network>')
    .description('make the key of this operator, if there is none, and show its public half')
    .action((network: string, { key }: KeyOption, command: Command) => {
      const { format, print } = contextOf(command);
      const { file, signer } = openOrMakeKey(keyFileOf(network, key), network);
      print(format === 'table' ? signer.publicKey : renderData(format, { publicKey: signer.publicKey, file }));
    });

  add('init', '<network>')
    .description('sign all members there are, then put the lock on')
    .action(async (network: string, options: KeyOption, command: Command) => {
      openOrMakeKey(keyFileOf(network, options.key), network);
      await init(network, opened(network, options, command));
    });

  add('sign', '<network[/member]>')
    .description('sign members that wait, or one: a node, its next key, a client')
    .option('--public-key <key>', 'only if it has this WireGuard key, as the machine itself shows it', publicKey)
    .option('--carry', 'also that others may be reached through it, before it is a relay or in a gateway')
    .action(async (target: string, options: KeyOption & SignOptions, command: Command) => {
      const [network = '', name] = target.split('/');
      await sign(network, name, { ...options, ...opened(network, options, command) });
    });

  add('status', '<network>')
    .description("which operators' keys count, and who waits for a signature")
    .action(async (network: string, options: KeyOption, command: Command) => {
      await lockStatus(network, keyFileOf(network, options.key), contextOf(command));
    });

  add('add', '<network>')
    .argument('<public-key>', 'of another operator, as "tombolo lock key" shows it', signingKey)
    .description("let another operator's key count")
    .action(async (network: string, added: string, options: KeyOption, command: Command) => {
      const { key, desk, print } = opened(network, options, command);
      const entry = await desk.entryFor(key);
      if (!entry.keys.includes(added))
        await desk.change(key, signLock(changeAfter(entry, { keys: [...entry.keys, added] }), key.signer));
      print(`${added} counts for ${network}`);
    });

  add('remove', '<network>')
    .argument('<public-key>', 'of an operator', signingKey)
    .description("let an operator's key count no more; what it signed is shown, and signed again by yours first")
    .option('--leave-unsigned', 'sign nothing again: whom it signed waits, and is cut off until you sign')
    .action(async (network: string, removed: string, options: KeyOption & RemoveOptions, command: Command) => {
      await remove(network, removed, { ...options, ...opened(network, options, command) });
    });

  delegationCommands(add);

  add('disable', '<network>')
    .option('--secret-file <file>', 'the secret from "lock init", when all keys are lost')
    .description('take the lock off: agents take whom the control plane names')
    .action(async (network: string, options: KeyOption & { secretFile?: string }, command: Command) => {
      await disable(network, options, command);
    });
}

async function init(network: string, { key, desk, confirm, warn, print, format }: Opened): Promise<void> {
  const { view, pin } = await desk.believe(key);
  if (isLockOn(pin.entry ?? undefined)) throw new CommandFailed(EXIT.refused, `"${network}" has a lock already`);
  const members = await desk.members();
  warn(`you vouch for these members of ${network}:\n${renderList('table', members, memberColumns)}`);
  await confirm(`Sign ${members.length} members of ${network} and put the lock on?`);
  await desk.sign(key, view.networkId, members);
  const secret = randomBytes(32).toString('base64url');
  const [keys, disablement] = [[key.signer.publicKey], disablementOf(secret)];
  const { networkId, ranges } = view;
  const change = pin.entry
    ? changeAfter(pin.entry, { keys, disablement })
    : { networkId, serial: 1, previous: null, ranges, keys, disablement };
  // Before the lock is on: afterwards nobody could make it.
  writeSecret(secretFileOf(key), secret);
  const { fingerprint, serial, waiting } = await desk.change(key, signLock(change, key.signer));
  if (format !== 'table')
    return print(
      renderData(format, {
        fingerprint,
        serial,
        publicKey: key.signer.publicKey,
        waiting,
        secretFile: secretFileOf(key),
      }),
    );
  print(`the lock of ${network} is on: ${fingerprint}`);
  warn(`the secret that takes it off when all keys are lost is in ${secretFileOf(key)}: move it to a safe place`);
  warn(`${key.file} is the key: keep a copy, or add a second operator (tombolo lock add)`);
}

interface SignOptions {
  publicKey?: string;
  carry?: true;
}

async function sign(
  network: string,
  name: string | undefined,
  { key, desk, ...rest }: Opened & SignOptions,
): Promise<void> {
  const { confirm, print, warn, format, publicKey: expected, carry } = rest;
  const entry = await desk.entryFor(key);
  const named =
    name === undefined ? await desk.members(true) : (await desk.members()).filter((one) => one.name === name);
  if (name !== undefined && named.length === 0)
    throw new CommandFailed(EXIT.notFound, `"${network}" has no member "${name}" to sign`);
  // A node whose key is being changed has two.
  const found = named.filter((one) => expected === undefined || one.publicKey === expected);
  if (found.length === 0 && named.length > 0)
    throw new CommandFailed(
      EXIT.refused,
      `${name ?? network} has ${named.map(({ publicKey: key }) => `the key ${key}`).join(' and ')}, not ${expected}. Nothing was signed.`,
    );
  const wanted = found.map((one) => ({ ...one, mayCarry: one.mayCarry || carry === true || one.signedToCarry }));
  const members = wanted.filter((one) => !one.signed || one.until !== null || (one.mayCarry && !one.signedToCarry));
  if (members.length > 0 && expected === undefined) {
    warn(`you vouch for these members of ${network}:\n${renderList('table', members, memberColumns)}`);
    await confirm(`Sign ${members.length} of ${network}?`);
  }
  const { recorded, gone } = await desk.sign(key, entry.networkId, members);
  if (format !== 'table') return print(renderData(format, { signed: recorded, gone }));
  print(`${recorded} signed${gone.length > 0 ? `, ${gone.length} gone meanwhile` : ''}`);
}

interface RemoveOptions {
  leaveUnsigned?: true;
}

/** A member is never without a signature that counts: yours comes first, unless whoever had that key is not to be believed. */
async function remove(network: string, removed: string, opened: Opened & RemoveOptions): Promise<void> {
  const { key, desk, confirm, print, warn, leaveUnsigned } = opened;
  const entry = await desk.entryFor(key);
  if (!entry.keys.includes(removed)) return print(`${removed} does not count for ${network}`);
  if (removed === key.signer.publicKey)
    throw new CommandFailed(EXIT.refused, 'that is your own key: another operator can remove it');
  const theirs = (await desk.members()).filter(({ signed, signedBy }) => signed && signedBy === removed);
  const again = theirs.map((one) => ({ ...one, mayCarry: one.mayCarry || one.signedToCarry }));
  const table = renderList('table', again, memberColumns);
  if (again.length > 0)
    warn(
      `${leaveUnsigned ? 'these are cut off until they are signed' : `you vouch for these members of ${network}`}:\n${table}`,
    );
  await confirm(`Shall ${removed} count no more for ${network}?`);
  if (!leaveUnsigned) await desk.sign(key, entry.networkId, again);
  const keys = entry.keys.filter((each) => each !== removed);
  const { waiting } = await desk.change(key, signLock(changeAfter(entry, { keys }), key.signer));
  print(
    `${removed} counts no more for ${network}; ${leaveUnsigned ? 0 : again.length} members are signed by your key now, ${waiting} wait for a signature`,
  );
}

async function disable(network: string, options: KeyOption & { secretFile?: string }, command: Command): Promise<void> {
  const { secretFile } = options;
  const question = `Take the lock of ${network} off? Whoever holds the control plane can add members then.`;
  if (secretFile === undefined) {
    const { key, desk, confirm, print } = opened(network, options, command);
    const entry = await desk.entryFor(key);
    await confirm(question);
    await desk.change(key, signLock(changeAfter(entry, { keys: [] }), key.signer));
    return print(`the lock of ${network} is off`);
  }
  const { api, confirm, print } = contextOf(command);
  const secret = readSecret(secretFile);
  if (!isSecret(secret)) throw new CommandFailed(EXIT.usage, `${secretFile} holds no secret of "lock init"`);
  const { chain } = await new LockDesk(api, network).read();
  const newest = chain.at(-1);
  if (!newest || disablementOf(secret) !== newest.disablement)
    throw new CommandFailed(EXIT.refused, `the secret in ${secretFile} is not for the lock of "${network}"`);
  await confirm(question);
  const entry: LockEntry = { ...changeAfter(newest, { keys: [] }), secret };
  await api.post(`/networks/${encodeURIComponent(network)}/lock/entries`, { entry });
  print(`the lock of ${network} is off`);
}

function signingKey(value: string): string {
  if (isSigningKey(value)) return value;
  throw new InvalidArgumentError('give a public key as "tombolo lock key" shows it (44 characters)');
}
