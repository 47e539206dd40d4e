import { type Address } from './address.js';
import { contains, parsePrefix, type Prefix } from './prefix.js';

/** Where an address means something (IANA special-purpose registries, RFC 6890). */
export type AddressKind = 'public' | 'private' | 'link-local' | 'loopback' | 'multicast' | 'unspecified' | 'reserved';

/**
 * `private`: RFC 1918, carrier NAT (RFC 6598), unique local (RFC 4193). Documentation ranges count as public: labs
 * use them as stand-ins for public addresses.
 */
export function addressKind(address: Address): AddressKind {
  return KINDS.find(([prefix]) => contains(prefix, address))?.[1] ?? 'public';
}

export const isPrivate = (address: Address): boolean => addressKind(address) === 'private';
export const isPublic = (address: Address): boolean => addressKind(address) === 'public';

/** Ranges in which nothing of ours may live, whatever its role. */
export const UNUSABLE: readonly [Prefix, AddressKind][] = (
  [
    ['0.0.0.0/8', 'unspecified'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link-local'],
    ['224.0.0.0/4', 'multicast'],
    ['240.0.0.0/4', 'reserved'],
    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    // IPv4-mapped and the deprecated IPv4-compatible addresses: another spelling of an IPv4 address.
    ['::/8', 'reserved'],
    ['fe80::/10', 'link-local'],
    ['ff00::/8', 'multicast'],
  ] as const
).map(([cidr, kind]) => [parsePrefix(cidr), kind]);

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

const KINDS: readonly [Prefix, AddressKind][] = [
  ...UNUSABLE,
  ...PRIVATE.map((cidr): [Prefix, AddressKind] => [parsePrefix(cidr), 'private']),
];
