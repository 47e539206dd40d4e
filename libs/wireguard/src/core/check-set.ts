import { readLockChain } from '#contracts/membership-lock.js';
import { isId } from '#contracts/names.js';
import {
  checkFilter,
  checkInternet,
  checkNat,
  checkProbe,
  checkTransit,
  checkTranslations,
  isOfKind,
  isProbeName,
} from './check-gateway.js';
import { checkInterface, checkPeer, checkRoute, type Fields } from './check-resource.js';

export interface SetProblem {
  /** Name of the resource; empty when the whole set is meant. */
  resource: string;
  message: string;
}

/**
 * Everything that speaks against applying a set, whoever sent it. Looks at the whole: what each resource says for
 * itself, and what only the set shows (a name, a key or a prefix that is there twice).
 *
 * @param resources as they came from the wire
 * @param ownPublicKey of this node
 * @returns empty when the set may be applied
 */
export function checkSet(resources: Iterable<unknown>, ownPublicKey: string): SetProblem[] {
  const problems: SetProblem[] = [];
  const seen = new Owners();
  let interfaces = 0;
  const all = [...resources];
  const hasInternet = all.some((each) => ['internet', 'transit/internet'].includes(nameOf(each)));
  for (const resource of all) {
    const name = nameOf(resource);
    const add = (message: string) => problems.push({ resource: name.slice(0, 100), message });
    if (name === '') {
      add('a resource without a name');
      continue;
    }
    if (!seen.claim('name', name, name)) add('this name is there twice');
    const fields = resource as Fields;
    for (const message of ownProblems(name, fields)) add(message);
    if (name === 'interface') {
      interfaces += 1;
      for (const address of strings(fields.addresses)) claimPrefix(seen, address, 'this node', add);
    } else if (isPeerName(name)) {
      for (const key of strings([fields.publicKey, fields.nextKey])) {
        if (key === ownPublicKey) add('this is our own key: a device cannot peer with itself');
        if (!seen.claim('key', key, name)) add(`${seen.owner('key', key)} has the same public key`);
      }
      for (const prefix of strings(fields.allowedIps)) {
        claimPrefix(seen, prefix, name, add);
        if (!hasInternet && prefix.endsWith('/0'))
          add(`${prefix} would take in everything, the tunnel's own packets too`);
      }
    }
  }
  checkTranslations(
    all.filter((each): each is Fields => nameOf(each) !== ''),
    (resource, message) => problems.push({ resource: resource.slice(0, 100), message }),
  );
  checkRelays(all as Fields[], (resource, message) => problems.push({ resource: resource.slice(0, 100), message }));
  if (interfaces === 0) problems.push({ resource: '', message: 'the set has no resource "interface"' });
  return problems;
}

/** Prefixes that lead through a peer which is not there, or which is itself behind another, would lead nowhere. */
function checkRelays(all: readonly Fields[], add: (resource: string, message: string) => void): void {
  const direct = new Set(all.filter((each) => nameOf(each) !== '' && each.via === undefined).map(nameOf));
  for (const each of all)
    if (nameOf(each) !== '' && each.via !== undefined && !direct.has(`peer/${String(each.via)}`))
      add(nameOf(each), 'it is reached through a peer that is not in the set');
}

const isPeerName = (name: string) => name.startsWith('peer/') && isId(name.slice('peer/'.length));

/** What a resource says against itself. A fold keeps unchanged resources as the objects they were: they are looked at once. */
function ownProblems(name: string, fields: Fields): readonly string[] {
  const known = checked.get(fields);
  if (known) return known;
  const messages: string[] = [];
  const add = (message: string) => messages.push(message);
  if (name === 'interface') checkInterface(fields, add);
  else if (isPeerName(name)) checkPeer(fields, add);
  else if (name.startsWith('route/')) checkRoute(fields, add);
  else if (isOfKind(name, 'nat')) checkNat(fields, add);
  else if (isOfKind(name, 'filter')) checkFilter(fields, add);
  else if (isOfKind(name, 'transit')) checkTransit(fields, add);
  else if (name === 'internet') checkInternet(fields, add);
  else if (isProbeName(name)) checkProbe(fields, add);
  else if (name === 'lock') checkLock(fields, add);
  else add('this agent does not know this kind of resource: it may be older than the control plane');
  checked.set(fields, messages);
  return messages;
}

/** Whether it is to be believed, the agent's own memory says; a chain that is not is no reason to take nothing else. */
function checkLock({ chain }: Fields, add: (message: string) => unknown): void {
  if (!readLockChain(chain)) add('"chain" is not a list of entries of a lock');
}

const checked = new WeakMap<Fields, readonly string[]>();

/** Two peers with one prefix: the kernel gives it to the last one, silently, and the diff never ends. */
function claimPrefix(seen: Owners, prefix: string, claimant: string, add: (message: string) => void): void {
  if (seen.claim('prefix', prefix, claimant)) return;
  const owner = seen.owner('prefix', prefix);
  add(owner === claimant ? `${prefix} is there twice` : `${prefix} belongs to ${owner} already`);
}

/** Who named something first. */
class Owners {
  readonly #owners = new Map<string, string>();

  claim(kind: string, value: string, claimant: string): boolean {
    const key = `${kind} ${value}`;
    if (this.#owners.has(key)) return false;
    this.#owners.set(key, claimant);
    return true;
  }

  owner(kind: string, value: string): string {
    return this.#owners.get(`${kind} ${value}`) ?? 'another';
  }
}

function nameOf(resource: unknown): string {
  const name = (resource as Fields | null | undefined)?.name;
  return typeof name === 'string' ? name : '';
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
