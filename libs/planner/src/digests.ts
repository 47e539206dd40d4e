import { addToDigest, EMPTY_DIGEST, removeFromDigest, type Resource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { extendedPeer } from './extended-peer.js';
import { extrasOf } from './gateways/extras.js';
import { isLive, type LiveState, memberOf, membersOf } from './members.js';
import { type KnownPeer, profileOf } from './node-profile.js';
import { arePeers, permitsAll } from './permitted.js';
import { ownResources } from './plan-node.js';
import { peerSeenBy, peerSeenFrom, type Viewpoint } from './paths/peer-seen.js';
import { isWithoutPaths, type Standing, standingKey, standingOf } from './paths/standing.js';
import { hashOf } from './resources.js';

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
      if (!sums || !node.enabled) return [node.nodeId, own];
      const peers = state.paths.has(node.nodeId) ? ofPeersOneByOne(state, node) : sums.ofPeers(node);
      return [node.nodeId, addToDigest(own, addToDigest(peers, ofBehind(state, node)))];
    }),
  );
}

/**
 * Works out ahead what `digests` needs of one node and what stays as it is when others change: most of the time that the
 * digests of a network take that was just loaded.
 */
export function prepareDigests(state: NetworkState, node: NodeState): void {
  if (!isLive(state)) return;
  digestOfSet(ownResources(state, node));
  const { inside, outside } = profileOf(state, node);
  for (const known of [inside[4], inside[6], outside[4], outside[6]]) digestOfKnown(known);
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
  let digest = EMPTY_DIGEST;
  for (const [id, behind] of extrasOf(state, node).behind) {
    const other = memberOf(state, id);
    if (!other || !arePeers(state, node, other)) continue;
    const known = peerSeenBy(state, node, other);
    const extended = extendedPeer(known, behind);
    digest = removeFromDigest(
      addToDigest(digest, digestOfSet([extended.peer, ...extended.routes])),
      hashOf(known.peer),
    );
  }
  return digest;
}

/** For a node that is an exception with some of the others. */
function ofPeersOneByOne(state: LiveState, node: NodeState): bigint {
  let digest = EMPTY_DIGEST;
  for (const other of membersOf(state))
    if (arePeers(state, node, other)) digest = addToDigest(digest, digestOfKnown(peerSeenBy(state, node, other)));
  return digest;
}

/**
 * How all enabled nodes add up for those who stand alike: seen from outside their sites, and what is different for those
 * in the same site.
 */
class PeerSums {
  readonly #outside = new Map<string, bigint>();
  readonly #inside = new Map<string, bigint>();
  readonly #enabled: readonly NodeState[];
  readonly #bySite = new Map<string, NodeState[]>();

  constructor(private readonly state: LiveState) {
    this.#enabled = membersOf(state).filter(({ enabled }) => enabled);
    for (const node of this.#enabled) {
      if (node.site === null) continue;
      const mates = this.#bySite.get(node.site);
      if (mates) mates.push(node);
      else this.#bySite.set(node.site, [node]);
    }
  }

  /** Over everybody but the node itself. */
  ofPeers(node: NodeState): bigint {
    const { vantage } = profileOf(this.state, node);
    const standing = isWithoutPaths(this.state) ? ANYWHERE : standingOf(this.state, node);
    const here: Viewpoint = { vantage, standing };
    const outside: Viewpoint =
      standing.kind === 'blocked'
        ? here
        : { vantage: { ...vantage, site: null }, standing: { ...standing, site: null } };
    const key = `${vantage.family} ${standingKey(standing)}`;
    const all = once(this.#outside, key, () => this.#sum(this.#enabled, outside));
    const mates = vantage.site === null ? [] : (this.#bySite.get(vantage.site) ?? []);
    const inside = once(this.#inside, `${key} ${standing.offersLan} ${vantage.site}`, () =>
      removeFromDigest(this.#sum(mates, here), this.#sum(mates, outside)),
    );
    return removeFromDigest(addToDigest(all, inside), this.#sum([node], here));
  }

  #sum(nodes: readonly NodeState[], from: Viewpoint): bigint {
    let digest = EMPTY_DIGEST;
    for (const node of nodes) digest = addToDigest(digest, digestOfKnown(peerSeenFrom(this.state, from, node)));
    return digest;
  }
}

/** Where it does not matter how one stands. */
const ANYWHERE: Standing = {
  site: null,
  offersLan: false,
  kind: 'open',
  relay: null,
  cut: new Set(),
  proven: new Set(),
};

function once(known: Map<string, bigint>, key: string, make: () => bigint): bigint {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = make()));
  return value;
}
