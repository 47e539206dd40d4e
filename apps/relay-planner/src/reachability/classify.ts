import type { NatKind, Reachability } from '#contracts/relay-facts.js';

/** What is known of how one node is reached, gathered from what it and others reported. */
export interface Evidence {
  /** It offers an endpoint that anybody is said to reach. */
  offersPublic: boolean;
  /** Its own addresses and ports, as `wg` writes them: seen there, it is behind no NAT. */
  own: ReadonlySet<string>;
  /** Node id → where that node, which itself can be called, sees it. */
  seen: ReadonlyMap<string, string>;
  /** Others that it could not have called have called it. */
  wasReached: boolean;
  /** Others have called it at what it offers, while it was there, and got no answer. */
  wasMissed: boolean;
  /** It has called others that can be called, and none has answered. */
  isUnheard: boolean;
}

const UNKNOWN: Reachability = { nat: 'unknown', filtering: 'unknown', endpoints: [], addresses: [] };

/**
 * How a node is reached, by RFC 4787 §4.1: seen at one endpoint by all, its port does not depend on whom it talks to; seen at several, it
 * does. What a node offers is believed until somebody is not answered there and nobody is.
 */
export function classify({ offersPublic, own, seen, wasReached, wasMissed, isUnheard }: Evidence): Reachability {
  if (offersPublic && (wasReached || !wasMissed)) return { ...UNKNOWN, nat: 'public', filtering: 'open' };
  if (seen.size === 0) return isUnheard ? { ...UNKNOWN, nat: 'blocked' } : UNKNOWN;
  const endpoints = [...new Set(seen.values())].sort();
  const addresses = [...new Set(endpoints.map(addressOf))].sort();
  if (endpoints.every((endpoint) => own.has(endpoint)))
    return {
      nat: 'endpoint-independent',
      filtering: wasMissed ? 'restricted' : 'unknown',
      endpoints: onePerFamily(endpoints),
      addresses,
    };
  const nat = natOf(endpoints, addresses, seen.size);
  const isSteady = nat === 'endpoint-independent' || nat === 'unknown';
  const filtering = isSteady && wasReached ? 'open' : 'unknown';
  return { nat, filtering, endpoints: isSteady ? endpoints : [], addresses };
}

function natOf(endpoints: string[], addresses: string[], observers: number): NatKind {
  if (hasTwoOfAFamily(addresses)) return 'cgnat';
  if (hasTwoOfAFamily(endpoints)) return 'endpoint-dependent';
  return observers > endpoints.length ? 'endpoint-independent' : 'unknown';
}

/** Several own addresses are no NAT; any one of them will do. */
const onePerFamily = (endpoints: string[]): string[] =>
  endpoints.filter((one, i) => endpoints.findIndex((other) => isSix(other) === isSix(one)) === i);

const hasTwoOfAFamily = (texts: string[]): boolean =>
  texts.filter(isSix).length > 1 || texts.filter((text) => !isSix(text)).length > 1;

/** Of an endpoint or an address. */
const isSix = (text: string): boolean => text.startsWith('[') || text.split(':').length > 2;

const addressOf = (endpoint: string): string => endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '');
