import type { NetworkState, NodeState } from '#topology/network-state.js';
import type { LiveState } from '../members.js';

/** Address outside → ids of the nodes that are seen there. */
type Seen = ReadonlyMap<string, readonly string[]>;
const known = new WeakMap<NetworkState['reachability'], Seen>();

export interface SharedPort {
  other: NodeState;
  port: number;
  /** Of the router. */
  address: string;
}

/**
 * Another node behind the same router that listens on the same port, of the first name; undefined: there is none, or all see this one alike.
 * A router that keeps its machines' ports cannot show both at theirs to whom both talk to, so it shows one of them at another
 * port there: a node may look `endpoint-dependent` for that alone.
 */
export function sharedPort(state: LiveState, node: NodeState): SharedPort | undefined {
  const decided = state.reachability.get(node.nodeId);
  if (decided?.nat !== 'endpoint-dependent') return undefined;
  const ports = portsOf(node);
  const shared = decided.addresses.flatMap((address) =>
    (seenAt(state).get(address) ?? []).flatMap((id) => {
      const other = id === node.nodeId ? undefined : state.nodes.get(id);
      const port = other?.enabled ? portsOf(other).find((one) => ports.includes(one)) : undefined;
      return other && port !== undefined ? [{ other, port, address }] : [];
    }),
  );
  return shared.sort((a, b) => (a.other.name < b.other.name ? -1 : 1))[0];
}

/** Where it listens: an endpoint outside may be that of its router. */
const portsOf = ({ endpoints }: NodeState): number[] =>
  endpoints.filter(({ kind }) => kind === 'lan').map(({ port }) => port);

function seenAt({ reachability }: LiveState): Seen {
  let seen = known.get(reachability);
  if (!seen) {
    const nodes = new Map<string, string[]>();
    for (const { nodeId, addresses } of reachability.values())
      for (const address of addresses) nodes.set(address, [...(nodes.get(address) ?? []), nodeId]);
    known.set(reachability, (seen = nodes));
  }
  return seen;
}
