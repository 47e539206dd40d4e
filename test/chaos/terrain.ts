import type { Endpoint } from '#contracts/facts.js';
import type { PeerResource } from '#contracts/node-stream.js';
import type { ObservedLink } from '#contracts/reports.js';
import type { Random } from '../simulation/random.js';
import type { SimulatedNode } from '../support/simulated-node.js';

/** Anybody can call it; behind a NAT that gives it one port; behind one that gives it another port for each. */
export type Spot = 'open' | 'steady' | 'changing';

/** Where the nodes of a network stand, and so what their agents see of each other. */
export class Terrain {
  readonly #spots = new Map<string, { spot: Spot; n: number }>();

  constructor(private readonly random: Random) {}

  /** Gives a node its place. @returns the endpoints it offers */
  settle(name: string, spot: Spot = this.#any()): Endpoint[] {
    const n = this.#spots.size + 1;
    this.#spots.set(name, { spot, n });
    return spot === 'open' ? [this.#ownEndpoint(name)] : [];
  }

  spotOf(name: string): Spot {
    return this.#of(name).spot;
  }

  /** Says what each agent that runs would say now: whom it sees and where, and what went through it if it relays. */
  observe(nodes: readonly SimulatedNode[]): void {
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const behind = nodes.filter(({ name }) => this.spotOf(name) !== 'open').map(({ id }) => id);
    for (const node of nodes) {
      if (!node.running || !node.set) continue;
      const peers = wireguardPeers(node).flatMap((peer) => {
        const other = byId.get(idOf(peer));
        return other ? [this.#link(node, other, peer)] : [];
      });
      const forwarded = this.spotOf(node.name) === 'open' ? this.#pairOf(behind) : [];
      node.tell({ kind: 'observed', body: { endpoints: [this.#ownEndpoint(node.name)], peers, forwarded } });
    }
  }

  #ownEndpoint(name: string): Endpoint {
    const { spot, n } = this.#of(name);
    if (spot === 'open') return { address: `203.0.113.${n}`, port: 51820, kind: 'public' };
    return { address: `192.168.0.${n}`, port: 51820, kind: 'lan' };
  }

  #link(node: SimulatedNode, other: SimulatedNode, { endpoint }: PeerResource): ObservedLink {
    const nodeId = other.id;
    const isKnown = wireguardPeers(other).some((peer) => idOf(peer) === node.id);
    if (!other.running || !isKnown || !this.#reach(node.name, other.name))
      return { nodeId, endpoint, link: 'unanswered', rtt: null };
    const rtt = 5 + ((this.#of(node.name).n + this.#of(other.name).n) % 40);
    return { nodeId, endpoint: this.#seenAt(other.name, node.name), link: 'up', rtt };
  }

  #reach(a: string, b: string): boolean {
    const spots = [this.spotOf(a), this.spotOf(b)];
    return spots.includes('open') || !spots.includes('changing');
  }

  #seenAt(name: string, by: string): string {
    const { spot, n } = this.#of(name);
    if (spot === 'open') return `203.0.113.${n}:51820`;
    return `198.51.100.${n}:${40_000 + (spot === 'changing' ? this.#of(by).n : 0)}`;
  }

  #of(name: string): { spot: Spot; n: number } {
    return this.#spots.get(name) ?? { spot: 'steady', n: 0 };
  }

  #any(): Spot {
    const luck = this.random.next();
    return luck < 0.4 ? 'open' : luck < 0.75 ? 'steady' : 'changing';
  }

  /** Two of them who had traffic for each other; now and then none. */
  #pairOf(ids: readonly string[]): [string, string][] {
    const [a, b] = [0, 1].map(() => ids[Math.floor(this.random.next() * ids.length)]);
    return a !== undefined && b !== undefined && a !== b ? [[a, b]] : [];
  }
}

const idOf = ({ name }: PeerResource) => name.slice('peer/'.length);

/** Those that the kernel would know: one that is reached through a relay is none, unless a direct path is on trial. */
function wireguardPeers({ set }: SimulatedNode): PeerResource[] {
  return [...(set?.resources.values() ?? [])].filter(
    (resource): resource is PeerResource =>
      resource.name.startsWith('peer/') && 'allowedIps' in resource && (!resource.via || resource.trial === true),
  );
}
