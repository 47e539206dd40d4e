import { isRefusal } from '#contracts/errors.js';
import { isId } from '#contracts/names.js';
import { canonicalAddress } from '#ipam/address.js';
import { contains, formatPrefix, hostPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { isInteger, isUnusable, readPrefix, type Add, type Fields } from './check-resource.js';

/** What follows the kind in a name becomes part of a rule's comment. */
export const isOfKind = (name: string, kind: 'nat' | 'filter' | 'transit') =>
  name.startsWith(`${kind}/`) && /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/.test(name.slice(kind.length + 1));

export const isProbeName = (name: string) => name.startsWith('probe/') && isId(name.slice('probe/'.length));

export function checkNat(fields: Fields, add: Add): void {
  switch (fields.kind) {
    case 'masquerade':
      checkRanges(fields, 'sources', add);
      checkRanges(fields, 'destinations', add);
      return;
    case 'prefix':
      return checkPrefixTranslation(fields, add);
    case 'publish':
      return checkPublication(fields, add);
    default:
      add('this agent does not know this kind of translation: it may be older than the control plane');
  }
}

export function checkFilter(fields: Fields, add: Add): void {
  if (fields.verdict !== 'accept' && fields.verdict !== 'drop') add('"verdict" is neither accept nor drop');
  checkRanges(fields, 'sources', add);
  checkRanges(fields, 'destinations', add);
  if (fields.way !== undefined && fields.way !== 'through' && fields.way !== 'edge')
    add('"way" is neither absent nor through nor edge');
  if (fields.local !== undefined && fields.local !== true) add('"local" is neither absent nor true');
  if (fields.service === undefined) return;
  const { protocol, port } = Object(fields.service) as Fields;
  if (protocol !== 'tcp' && protocol !== 'udp') add('"service.protocol" is neither tcp nor udp');
  if (!isPort(port)) add('"service.port" is not a number from 1 to 65535');
}

export function checkTransit(fields: Fields, add: Add): void {
  for (const field of ['sources', 'except']) if (fields[field] !== undefined) checkRanges(fields, field, add);
  for (const prefix of checkRanges(fields, 'destinations', add))
    if (prefix.length === 0 && fields.sources === undefined)
      add(`${formatPrefix(prefix)} for whoever sends it would leave nothing for this node itself`);
}

export function checkInternet(fields: Fields, add: Add): void {
  if (fields.sources !== undefined) checkRanges(fields, 'sources', add);
  for (const prefix of checkRanges(fields, 'outside', add))
    if (prefix.length === 0) add(`"outside" is ${formatPrefix(prefix)}: nothing would be left for the tunnel`);
}

export function checkProbe(fields: Fields, add: Add): void {
  const { address, port } = fields;
  if (address !== null) readHost(address, 'address', add);
  if (port !== null && !isPort(port)) add('"port" is neither null nor a number from 1 to 65535');
}

/** Each needs a mark of its own (firewall.ts). */
const MAX_PUBLICATIONS = 10_000;

/** What only the set shows: translations that contradict each other, the node's own addresses, or each other's ports. */
export function checkTranslations(resources: readonly Fields[], report: (resource: string, message: string) => void) {
  const own = prefixesIn(resources.filter(({ name }) => name === 'interface').flatMap(({ addresses }) => addresses));
  const seen: { name: string; real: Prefix; virtual: Prefix }[] = [];
  const published = new Map<string, string>();
  const publications = resources.filter(({ kind }) => kind === 'publish').length;
  if (publications > MAX_PUBLICATIONS)
    report('', `${publications} publications: one node remembers at most ${MAX_PUBLICATIONS}`);
  for (const fields of resources) {
    const name = String(fields.name);
    if (fields.kind === 'publish') {
      const { address, port } = Object(fields.mesh) as Fields;
      const place = `${String(fields.protocol)} ${String(address)} port ${String(port)}`;
      const first = published.get(place);
      if (first !== undefined) report(name, `${place} is published by ${first} already`);
      published.set(place, name);
    }
    if (fields.kind !== 'prefix') continue;
    const [real] = prefixesIn([fields.real]);
    const [virtual] = prefixesIn([fields.virtual]);
    if (!real || !virtual) continue;
    for (const each of seen) {
      if (overlaps(each.virtual, virtual))
        report(name, `virtual range ${formatPrefix(virtual)} overlaps that of ${each.name}`);
      if (overlaps(each.real, real)) report(name, `real range ${formatPrefix(real)} overlaps that of ${each.name}`);
    }
    seen.push({ name, real, virtual });
    for (const address of own)
      for (const range of [real, virtual])
        if (contains(range, { family: address.family, value: address.base }))
          report(name, `${formatPrefix(range)} covers this node's own address ${formatPrefix(address)}`);
  }
}

function checkPrefixTranslation(fields: Fields, add: Add): void {
  const [real, virtual] = [fields.real, fields.virtual].map((range) => readPrefix(range, add));
  if (!real || !virtual) return;
  if (real.family !== virtual.family || real.length !== virtual.length)
    add(
      `${formatPrefix(real)} and ${formatPrefix(virtual)} differ in size: only prefixes of one family and length map 1:1`,
    );
  for (const range of [real, virtual])
    if (range.length === 0 || isUnusable(range)) add(`${formatPrefix(range)} cannot be translated`);
  if (overlaps(real, virtual)) add('the real and the virtual range overlap');
}

function checkPublication(fields: Fields, add: Add): void {
  if (fields.protocol !== 'tcp' && fields.protocol !== 'udp') add('"protocol" is neither tcp nor udp');
  const families = (['mesh', 'service'] as const).map((field) => {
    const { address, port } = Object(fields[field]) as Fields;
    if (!isPort(port)) add(`"${field}.port" is not a number from 1 to 65535`);
    const host = readHost(address, `${field}.address`, add);
    if (host && isUnusable(host)) add(`"${field}.address" is ${String(address)}: no packet goes there`);
    return host?.family;
  });
  if (families[0] !== families[1]) add('the mesh address and the service are of different families');
}

/** @returns the good ones */
function checkRanges(fields: Fields, field: string, add: Add): Prefix[] {
  const list = fields[field];
  if (!Array.isArray(list)) add(`"${field}" is not a list`);
  return (Array.isArray(list) ? list : [])
    .map((each) => readPrefix(each, add))
    .filter((prefix) => prefix !== undefined);
}

/** One literal address in canonical form. */
function readHost(value: unknown, field: string, add: Add): Prefix | undefined {
  try {
    if (typeof value !== 'string' || canonicalAddress(value) !== value) throw new TypeError();
    return parsePrefix(hostPrefix(value));
  } catch (error) {
    if (!(error instanceof TypeError) && !isRefusal(error)) throw error;
    add(`"${field}" is not an address in canonical form`);
    return undefined;
  }
}

/** Without those that are none: they have been told of. */
function prefixesIn(values: readonly unknown[]): Prefix[] {
  return values.flatMap((value) => readPrefix(value, () => undefined) ?? []);
}

const isPort = (value: unknown) => isInteger(value, 1, 65_535);
