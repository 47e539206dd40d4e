import type { NodeSet } from '#contracts/node-fold.js';
import type { InterfaceResource, PeerResource } from '#contracts/node-stream.js';
import { checkNode } from '#planner/check-node.js';
import { digests } from '#planner/digests.js';
import { isLive } from '#planner/members.js';
import { choosePath } from '#planner/paths/choose-path.js';
import { arePeers } from '#planner/permitted.js';
import type { NetworkState } from '#topology/network-state.js';
import type { NetworkHistory } from '../support/network-history.js';

/** Longer than any way that the planner makes. */
const MOST_HOPS = 8;

/**
 * What the nodes of one network hold, each as far as it is, and what must be true of that at every moment. A node that is removed keeps
 * what it held: nobody says that it is honest.
 */
export class HeldSets {
  readonly #sets = new Map<string, NodeSet>();
  readonly #sound = new Map<string, string[]>();

  constructor(private readonly history: NetworkHistory) {}

  /** A node now holds this. @returns what is wrong with it, or with where packets from and to it go now */
  fold(nodeId: string, set: NodeSet): string[] {
    this.#sets.set(nodeId, set);
    const others = [...this.#sets.keys()].filter((id) => id !== nodeId);
    return [
      ...this.#breaches(nodeId, set),
      ...others.flatMap((other) => [...this.#way(nodeId, other), ...this.#way(other, nodeId)]),
      ...this.#gaps(nodeId, set),
    ];
  }

  /** One owner for each prefix, peers that are permitted, with their keys, through relays that can relay: `checkNode`. */
  #breaches(nodeId: string, { logVersion, resources }: NodeSet): string[] {
    const key = `${nodeId} ${logVersion}`;
    let found = this.#sound.get(key);
    if (!found) {
      const violations = checkNode(this.history.stateAt(logVersion), nodeId, [...resources.values()]);
      this.#sound.set(key, (found = violations.map(({ message }) => `at version ${logVersion}: ${message}`)));
    }
    return found;
  }

  /** Nobody takes what its own version does not permit, whatever others still hold. */
  #way(from: string, to: string): string[] {
    const hops = this.#hops(from, to);
    const arrives = hops.at(-1) === to;
    const { logVersion } = this.#sets.get(to)!;
    if (!arrives || this.#permits(logVersion, from, to)) return [];
    return [
      `what ${from} sends arrives at ${to} by way of ${hops.join()}, which version ${logVersion} does not permit`,
    ];
  }

  /** Between nodes that all hold what one version plans, every permitted pair that has a path by that version gets through, without a detour. */
  #gaps(nodeId: string, { logVersion }: NodeSet): string[] {
    const state = this.history.stateAt(logVersion);
    const node = state.nodes.get(nodeId);
    if (!isLive(state) || !node) return [];
    return [...state.nodes.values()].flatMap((other) => {
      if (!arePeers(state, node, other)) return [];
      const path = choosePath(state, node, other);
      if (path.kind === 'none') return [];
      const wanted = [...(path.kind === 'relayed' ? path.relays : []), other.nodeId];
      if (![nodeId, ...wanted].every((id) => this.#agrees(id, state))) return [];
      const taken = this.#hops(nodeId, other.nodeId);
      return taken.join() === wanted.join()
        ? []
        : [`at version ${logVersion} ${nodeId} gets to ${other.nodeId} by ${taken.join()}, not by ${wanted.join()}`];
    });
  }

  #permits(version: number, from: string, to: string): boolean {
    const state = this.history.stateAt(version);
    const [a, b] = [state.nodes.get(from), state.nodes.get(to)];
    return a !== undefined && b !== undefined && arePeers(state, a, b);
  }

  readonly #planned = new Map<NetworkState, Map<string, bigint>>();

  #agrees(nodeId: string, state: NetworkState): boolean {
    const planned = this.#planned.get(state) ?? digests(state);
    this.#planned.set(state, planned);
    return this.#sets.get(nodeId)?.digest === planned.get(nodeId);
  }

  /** Where a packet comes by, as each node's peers lead it on and take it in, and no further than it is taken. */
  #hops(from: string, to: string): string[] {
    const hops: string[] = [];
    let here = from;
    while (here !== to && hops.length < MOST_HOPS) {
      const next = this.#nextHop(here, to);
      if (next === undefined || !this.#takes(next, { from, to, by: here })) return hops;
      hops.push(next);
      here = next;
    }
    return hops;
  }

  #takes(nodeId: string, { from, to, by }: { from: string; to: string; by: string }): boolean {
    const forwards = () => (this.#resource(nodeId, 'interface') as InterfaceResource | undefined)?.forward === true;
    return this.#nextHop(nodeId, from) === by && (nodeId === to || forwards());
  }

  /** Whose peer has the prefixes of a node: itself, or a relay that is a peer by itself. */
  #nextHop(at: string, to: string): string | undefined {
    const peer = this.#peer(at, to);
    if (!peer?.via) return peer && to;
    const relay = this.#peer(at, peer.via);
    return relay && !relay.via ? peer.via : undefined;
  }

  #peer(at: string, to: string): PeerResource | undefined {
    return this.#resource(at, `peer/${to}`) as PeerResource | undefined;
  }

  #resource(at: string, name: string) {
    return this.#sets.get(at)?.resources.get(name);
  }
}
