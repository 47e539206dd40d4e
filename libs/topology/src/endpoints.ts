import type { FieldError } from '#contracts/errors.js';
import type { Endpoint } from '#contracts/facts.js';
import { canonicalAddress, readAddress, whyNotAddress } from '#ipam/address.js';
import { addressKind } from '#ipam/address-kind.js';
import { contains, formatPrefix, type Prefix } from '#ipam/prefix.js';
import { oneOfErrors, wholeNumberErrors } from './fields.js';
import type { NetworkState } from './network-state.js';

export const MAX_ENDPOINTS = 16;

/** The ranges that a network's nodes have their addresses from. */
export const meshRanges = ({ pool4, pool6 }: Pick<NetworkState, 'pool4' | 'pool6'>): Prefix[] =>
  [pool4, pool6].flatMap((pool) => (pool ? [pool.range] : []));

/** Endpoints are literal addresses at which a tunnel can end; one inside the mesh would be a tunnel in itself. */
export function endpointErrors(endpoints: Endpoint[] | undefined, mesh: Prefix[]): FieldError[] {
  if (endpoints === undefined) return [];
  if (endpoints.length > MAX_ENDPOINTS) return [{ field: 'endpoints', message: `must be at most ${MAX_ENDPOINTS}` }];
  return endpoints.flatMap(({ address, port, kind }, index) => {
    const field = `endpoints[${index}]`;
    const addressError = whyNotEndpoint(address, mesh);
    return [
      ...(addressError ? [{ field: `${field}.address`, message: addressError }] : []),
      ...(port === undefined ? [{ field: `${field}.port`, message: 'is missing' }] : []),
      ...wholeNumberErrors(`${field}.port`, port, [1, 65535]),
      ...oneOfErrors(`${field}.kind`, kind, ['public', 'lan']),
    ];
  });
}

/** Canonical addresses, each endpoint once, in the order given. Only for endpoints without errors. */
export function canonicalEndpoints(endpoints: Endpoint[]): Endpoint[] {
  const canonical = endpoints.map(({ address, port, kind }) => ({ address: canonicalAddress(address), port, kind }));
  return canonical.filter((endpoint, index) => canonical.findIndex((other) => sameEndpoint(other, endpoint)) === index);
}

export const sameEndpoints = (a: Endpoint[], b: Endpoint[]): boolean =>
  a.length === b.length && a.every((endpoint, index) => sameEndpoint(endpoint, b[index]!));

const sameEndpoint = (a: Endpoint, b: Endpoint) => a.address === b.address && a.port === b.port && a.kind === b.kind;

function whyNotEndpoint(text: string, mesh: Prefix[]): string | undefined {
  const address = readAddress(text);
  if (!address) return `must be a literal address: ${whyNotAddress(text)}`;
  const kind = addressKind(address);
  if (kind !== 'public' && kind !== 'private')
    return `must be an address that other machines reach: ${text} is ${kind}`;
  const inside = mesh.find((range) => contains(range, address));
  return inside && `must lie outside the mesh: ${text} is in its range ${formatPrefix(inside)}`;
}
