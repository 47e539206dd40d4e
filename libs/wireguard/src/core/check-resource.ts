import { isRefusal } from '#contracts/errors.js';
import { isId } from '#contracts/names.js';
import { parseAddress } from '#ipam/address.js';
import { addressKind, UNUSABLE } from '#ipam/address-kind.js';
import { formatEndpoint, parseEndpoint } from '#ipam/endpoint-text.js';
import { contains, formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { isWgKey } from './wg-key.js';

/** A resource before anyone has looked at it. */
export type Fields = Record<string, unknown>;
export type Add = (message: string) => unknown;

/** IPv6 needs 1280 (RFC 8200 §5); an IPv4 host must take 576 (RFC 791); WireGuard's own header leaves 65,455. */
const MTU = { withIpv6: 1280, ipv4: 576, largest: 65_455 };

export function checkInterface(fields: Fields, add: Add): void {
  for (const field of ['network', 'node']) if (!isLabel(fields[field])) add(`"${field}" is not a name`);
  const addresses = Array.isArray(fields.addresses) ? fields.addresses : [];
  if (addresses.length === 0) add('"addresses" is not a list of at least one address');
  for (const address of addresses) {
    const prefix = readPrefix(address, add);
    if (prefix && prefix.length !== (prefix.family === 4 ? 32 : 128))
      add(`${String(address)} is not one host's address`);
    if (prefix && isUnusable(prefix)) add(`${String(address)} is no address a node can have`);
  }
  const hasIpv6 = addresses.some((address) => String(address).includes(':'));
  const smallest = hasIpv6 ? MTU.withIpv6 : MTU.ipv4;
  if (!isInteger(fields.mtu, smallest, MTU.largest)) add(`"mtu" is not a number from ${smallest} to ${MTU.largest}`);
  if (fields.keepalive !== null && !isInteger(fields.keepalive, 1, 65_535))
    add('"keepalive" is neither null nor a number of seconds from 1 to 65535');
  if (fields.forward !== undefined && fields.forward !== true) add('"forward" is neither absent nor true');
  if (fields.key !== undefined) checkKeyOrder(fields.key, add);
}

function checkKeyOrder(value: unknown, add: Add): void {
  const { current, next, wanted } = Object(value) as Fields;
  if (!isWgKey(current)) add('"key.current" is not base64 of 32 bytes');
  if (next !== undefined && !isWgKey(next)) add('"key.next" is not base64 of 32 bytes');
  if (wanted !== undefined && !isInteger(wanted, 1, Number.MAX_SAFE_INTEGER)) add('"key.wanted" is no number');
}

export function checkPeer(fields: Fields, add: Add): void {
  if (!isLabel(fields.node)) add('"node" is not a name');
  if (!isWgKey(fields.publicKey)) add('"publicKey" is not base64 of 32 bytes');
  if (fields.nextKey !== undefined && !isWgKey(fields.nextKey)) add('"nextKey" is not base64 of 32 bytes');
  if (!Array.isArray(fields.allowedIps)) add('"allowedIps" is not a list');
  const prefixes = (Array.isArray(fields.allowedIps) ? fields.allowedIps : [])
    .map((prefix) => readPrefix(prefix, add))
    .filter((prefix) => prefix !== undefined);
  for (const prefix of prefixes) {
    if (prefix.length > 0 && isUnusable(prefix)) add(`${formatPrefix(prefix)} cannot be carried through a tunnel`);
  }
  if (fields.keepalive !== undefined && !isInteger(fields.keepalive, 1, 65_535))
    add('"keepalive" is neither absent nor a number of seconds from 1 to 65535');
  if (fields.via !== undefined && !isId(fields.via)) add('"via" is neither absent nor a node id');
  if (fields.trial !== undefined && (fields.trial !== true || fields.via === undefined))
    add('"trial" is neither absent nor true beside "via"');
  if (fields.endpoint !== null)
    checkEndpoint(
      fields.endpoint,
      prefixes.filter(({ length }) => length > 0),
      add,
    );
}

export function checkRoute(fields: Fields, add: Add): void {
  const prefix = readPrefix(fields.cidr, add);
  if (fields.name !== `route/${String(fields.cidr)}`) add('"cidr" is not the one in the name');
  if (prefix?.length === 0) add('a default route would carry the tunnel in itself');
  else if (prefix && isUnusable(prefix)) add('this range cannot be routed');
}

function checkEndpoint(endpoint: unknown, own: readonly Prefix[], add: Add): void {
  if (typeof endpoint !== 'string') {
    add('"endpoint" is neither null nor a text');
    return;
  }
  const parsed = refusedAs(add, () => parseEndpoint(endpoint));
  if (!parsed) return;
  const { address, port } = parsed;
  if (formatEndpoint(address, port) !== endpoint) add(`endpoint ${endpoint} is not in canonical form`);
  const literal = parseAddress(address);
  const kind = addressKind(literal);
  if (kind === 'unspecified' || kind === 'multicast') add(`endpoint ${endpoint} is ${kind}`);
  if (own.some((prefix) => contains(prefix, literal)))
    add(`endpoint ${endpoint} lies in the peer's own allowed IPs: the tunnel would run in itself`);
}

/** @returns undefined, with the reason added, for anything but a canonical prefix */
export function readPrefix(value: unknown, add: Add): Prefix | undefined {
  if (typeof value !== 'string') {
    add('a prefix is not a text');
    return undefined;
  }
  const prefix = refusedAs(add, () => parsePrefix(value));
  if (prefix && formatPrefix(prefix) !== value) add(`${value} is not in canonical form: ${formatPrefix(prefix)}`);
  return prefix;
}

function refusedAs<T>(add: Add, parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    add(error.detail);
    return undefined;
  }
}

export const isUnusable = (prefix: Prefix) => UNUSABLE.some(([unusable]) => overlaps(unusable, prefix));
const isLabel = (value: unknown) => typeof value === 'string' && value.length > 0 && value.length <= 253;
export const isInteger = (value: unknown, from: number, to: number) =>
  typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
