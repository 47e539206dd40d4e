import type { PeerResource, Resource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { difference, type Difference, keyOf } from './difference.js';
import { memberOf, membersAfter } from './members.js';
import { profileOf } from './node-profile.js';
import { arePeers } from './permitted.js';
import type { ChangeGroup } from './plan.js';
import { ownResources, planNode } from './plan-node.js';
import { byName, peerResource } from './resources.js';

/** Two states of a network and the nodes that may differ between them. */
export interface Step {
  before: NetworkState;
  after: NetworkState;
  /** Sorted ids; every other node is the same object in both states. */
  touched: ReadonlySet<string>;
}

/** Resources of one viewer that may differ, as they were and as they are, by name. */
interface Candidates {
  was: Resource[];
  is: Resource[];
}

/**
 * The changes of all nodes that stay.
 *
 * A node that looks at the others as before can differ only in its peers among the touched nodes. That is worked out
 * once per class of viewers that see alike: O(nodes + classes × touched). A node that looks at them anew (enabled, disabled,
 * moved to another site, default policy flipped) is compared in full: O(nodes) each, one at a time.
 */
export function* changeGroups(step: Step): Generator<ChangeGroup> {
  const { before, after, touched } = step;
  const groups = new Map<string, ChangeGroup>();
  const classes = new Map<string, Candidates & { nodeIds: string[] }>();
  const classOf = viewerClasses(step);
  const anew: string[] = [];

  for (const node of membersAfter(before, after, touched)) {
    const { nodeId } = node;
    const was = touched.has(nodeId) ? memberOf(before, nodeId) : node;
    if (!was) continue;
    if (looksAnew(step, was, node)) {
      anew.push(nodeId);
    } else if (was !== node) {
      addOwn(groups, step, was, candidates(step, was, node));
    } else {
      const key = classOf(node);
      let alike = classes.get(key);
      if (!alike) classes.set(key, (alike = { ...candidates(step, node, node), nodeIds: [] }));
      if (before.network === after.network) alike.nodeIds.push(nodeId);
      else addOwn(groups, step, node, alike);
    }
  }
  for (const { was, is, nodeIds } of classes.values()) addGroup(groups, difference(was, is), nodeIds);

  for (const group of groups.values()) group.nodeIds.sort();
  yield* [...groups.values()].sort((a, b) => ((a.nodeIds[0] ?? '') < (b.nodeIds[0] ?? '') ? -1 : 1));
  for (const nodeId of anew) {
    const change = difference(planNode(before, nodeId), planNode(after, nodeId));
    if (change) yield { nodeIds: [nodeId], ...change };
  }
}

/** Whether a node may see others differently although those did not change. */
function looksAnew({ before, after }: Step, was: NodeState, is: NodeState): boolean {
  if (!before.network || !after.network) return true;
  if (before.network.defaultPolicy !== after.network.defaultPolicy) return true;
  if (was === is) return false;
  if (was.enabled !== is.enabled) return true;
  const old = profileOf(before.network, was).vantage;
  const now = profileOf(after.network, is).vantage;
  return old.site !== now.site || old.family !== now.family;
}

/**
 * What a node's view of the touched nodes depends on, as one text: all of `arePeers` and `chooseEndpoint`. Its site
 * counts only where a touched node shares it, so that ten thousand sites are not ten thousand classes.
 */
function viewerClasses({ before, after, touched }: Step): (node: NodeState) => string {
  const sites = new Set<string | null | undefined>();
  for (const id of touched) sites.add(memberOf(before, id)?.site).add(memberOf(after, id)?.site);
  return (node) => {
    if (!after.network || !node.enabled) return 'none';
    const { site, family } = profileOf(after.network, node).vantage;
    return site !== null && sites.has(site) ? `${family} ${site}` : `${family}`;
  };
}

function candidates({ before, after, touched }: Step, was: NodeState, is: NodeState): Candidates {
  return { was: peersAmong(touched, before, was), is: peersAmong(touched, after, is) };
}

function peersAmong(ids: Iterable<string>, state: NetworkState, viewer: NodeState): PeerResource[] {
  if (!state.network) return [];
  const { vantage } = profileOf(state.network, viewer);
  const peers: PeerResource[] = [];
  for (const id of ids) {
    const other = memberOf(state, id);
    if (other && arePeers(state, viewer, other)) peers.push(peerResource(state.network, vantage, other));
  }
  return peers;
}

/** The change of one node whose own resources may differ as well. */
function addOwn(groups: Map<string, ChangeGroup>, step: Step, was: NodeState, peers: Candidates): void {
  const { before, after } = step;
  const is = memberOf(after, was.nodeId);
  if (!before.network || !after.network || !is) return;
  const change = difference(
    [...ownResources(before.network, was), ...peers.was].sort(byName),
    [...ownResources(after.network, is), ...peers.is].sort(byName),
  );
  addGroup(groups, change, [was.nodeId]);
}

function addGroup(groups: Map<string, ChangeGroup>, change: Difference | undefined, nodeIds: readonly string[]): void {
  if (!change || nodeIds.length === 0) return;
  const key = keyOf(change);
  const group = groups.get(key);
  if (!group) groups.set(key, { nodeIds: [...nodeIds], ...change });
  else for (const nodeId of nodeIds) group.nodeIds.push(nodeId);
}
