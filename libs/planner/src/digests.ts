import { addToDigest, EMPTY_DIGEST, removeFromDigest, type Resource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import type { Vantage } from './choose-endpoint.js';
import { extendedPeer } from './extended-peer.js';
import { extrasOf } from './gateways/extras.js';
import { isLive, type LiveState, memberOf, membersOf } from './members.js';
import { type KnownPeer, profileOf } from './node-profile.js';
import { arePeers, permitsAll } from './permitted.js';
import { ownResources } from './plan-node.js';
import { hashOf, knownPeer } from './resources.js';

/**
 * The digest of every node's set, equal to `digestOf(planNode(state, nodeId))`, in O(nodes) instead of O(nodes²): the sum of
 * all nodes as seen from the node's place, less the node itself, and with what is behind some of them.
 *
 * @param only ids of the nodes that are asked for; default all
 */
export function digests(state: NetworkState, only?: Iterable<string>): Map<string, bigint> {
  if (!isLive(state)) return new Map();
  const wanted = only && new Set(only);
  const asked = membersOf(state).filter(({ nodeId }) => !wanted || wanted.has(nodeId));
  if (asked.length === 0) return new Map();
  const sums = permitsAll(state) ? new PeerSums(state) : undefined;
  return new Map(
    asked.map((node) => {
      const own = digestOfSet(ownResources(state, node));
      return [
        node.nodeId,
        sums && node.enabled ? addToDigest(own, addToDigest(sums.ofPeers(node), ofBehind(state, node))) : own,
      ];
    }),
  );
}

/** `digestOf`, with each body hashed only once in its life: for a set that was just planned. */
export function digestOfSet(resources: Iterable<Resource>): bigint {
  let digest = EMPTY_DIGEST;
  for (const resource of resources) digest = addToDigest(digest, hashOf(resource));
  return digest;
}

function digestOfKnown({ peer, routes }: KnownPeer): bigint {
  return routes.length === 0 ? hashOf(peer) : digestOfSet([peer, ...routes]);
}

/** What those that something is behind add up to besides themselves. */
function ofBehind(state: LiveState, node: NodeState): bigint {
  const { vantage } = profileOf(state, node);
  let digest = EMPTY_DIGEST;
  for (const [id, behind] of extrasOf(state, node).behind) {
    const other = memberOf(state, id);
    if (!other || !arePeers(state, node, other)) continue;
    const { peer } = knownPeer(state, vantage, other);
    const extended = extendedPeer(peer, behind);
    digest = removeFromDigest(addToDigest(digest, digestOfSet([extended.peer, ...extended.routes])), hashOf(peer));
  }
  return digest;
}

type PerFamily = Record<Vantage['family'], bigint>;
const FAMILIES = [4, 6] as const;

/** How all enabled nodes add up: seen from outside their sites, and what is different for those in the same site. */
class PeerSums {
  readonly #outside: PerFamily = { 4: EMPTY_DIGEST, 6: EMPTY_DIGEST };
  readonly #inside = new Map<string, PerFamily>();

  constructor(private readonly state: LiveState) {
    for (const node of membersOf(state)) if (node.enabled) this.#add(node);
  }

  /** Over everybody but the node itself. */
  ofPeers(node: NodeState): bigint {
    const { vantage } = profileOf(this.state, node);
    const inside = vantage.site === null ? undefined : this.#inside.get(vantage.site);
    const all = addToDigest(this.#outside[vantage.family], inside?.[vantage.family] ?? EMPTY_DIGEST);
    return removeFromDigest(all, this.#seen(vantage, node));
  }

  #add(node: NodeState): void {
    for (const family of FAMILIES) {
      const outside = this.#seen({ site: null, family }, node);
      this.#outside[family] = addToDigest(this.#outside[family], outside);
      if (node.site === null) continue;
      const site = this.#site(node.site);
      site[family] = addToDigest(
        site[family],
        removeFromDigest(this.#seen({ site: node.site, family }, node), outside),
      );
    }
  }

  #site(name: string): PerFamily {
    let site = this.#inside.get(name);
    if (!site) this.#inside.set(name, (site = { 4: EMPTY_DIGEST, 6: EMPTY_DIGEST }));
    return site;
  }

  #seen(from: Vantage, node: NodeState): bigint {
    return digestOfKnown(knownPeer(this.state, from, node));
  }
}
