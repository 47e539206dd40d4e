import type { CarriedMember, PeerResource, RouteResource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { contains, parsePrefix } from '#ipam/prefix.js';

/** What is reached through a peer besides its own prefixes. */
export interface Behind {
  prefixes: readonly string[];
  /** Those that are routed into the tunnel. */
  routed: ReadonlySet<string>;
  /** Of whom among them an operator signed that the address is theirs, by id. */
  carries: readonly CarriedMember[];
}

/** A peer, and the endpoints at which it, or the relay before it, is called. */
interface Seen {
  peer: PeerResource;
  calledAt: readonly string[];
}

/** A peer with what is behind it, and the ways there. */
export interface ExtendedPeer {
  peer: PeerResource;
  routes: readonly RouteResource[];
}

const known = new WeakMap<Behind, WeakMap<PeerResource, ExtendedPeer>>();

/** A peer's body with the prefixes behind it; one object for all who see both alike. */
export function extendedPeer({ peer, calledAt }: Seen, behind: Behind): ExtendedPeer {
  let bodies = known.get(behind);
  if (!bodies) known.set(behind, (bodies = new WeakMap()));
  let extended = bodies.get(peer);
  if (!extended) {
    const prefixes = behind.prefixes.filter((prefix) => mayLeadThrough(calledAt, prefix));
    extended = {
      peer: {
        ...peer,
        allowedIps: [...new Set([...peer.allowedIps, ...prefixes])].sort(),
        ...(behind.carries.length > 0 && { carries: [...behind.carries] }),
      },
      routes: prefixes.filter((prefix) => behind.routed.has(prefix)).map(routeTo),
    };
    bodies.set(peer, extended);
  }
  return extended;
}

/**
 * Rule 13: a range that holds the endpoint at which a peer is called, or the relay before it, does not lead through that
 * peer, or the tunnel would run in itself. Everything (/0) may: endpoints stay outside of that.
 */
export function mayLeadThrough(calledAt: readonly string[], prefix: string): boolean {
  if (calledAt.length === 0 || prefix.endsWith('/0')) return true;
  const range = parsePrefix(prefix);
  return !calledAt.some((endpoint) => {
    const address = readAddress(parseEndpoint(endpoint).address);
    return address && contains(range, address);
  });
}

export const routeTo = (cidr: string): RouteResource => ({ name: `route/${cidr}`, cidr });
