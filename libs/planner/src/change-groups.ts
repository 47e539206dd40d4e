import type { Resource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { difference, type Difference, keyOf } from './difference.js';
import { extrasOf } from './gateways/extras.js';
import { landscapeOf } from './gateways/landscape.js';
import { isLive, memberOf, membersAfter } from './members.js';
import { profileOf } from './node-profile.js';
import { isWithoutPaths, standingKey, standingOf } from './paths/standing.js';
import type { ChangeGroup } from './plan.js';
import { ownResources, planNode, resourcesOver } from './plan-node.js';
import { byName } from './resources.js';

/** Two states of a network and the nodes that may differ between them. */
export interface Step {
  before: NetworkState;
  after: NetworkState;
  /** Sorted ids; every other node is the same object in both states and known by the same pods. */
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
 * A node that looks at the others as before can differ only in its peers among the touched nodes and those that something
 * is behind. That is worked out once per class of viewers that see alike: O(nodes + classes × touched); for a node that
 * clusters or gateways name and mean something else for, on its own. A node that looks at the others anew (enabled,
 * disabled, moved to another site, default policy flipped) is compared in full: O(nodes) each, one at a time.
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
    } else if (touched.has(nodeId) || isToldAnew(step, node) || isException(step, node)) {
      addOwn(groups, step, was, candidates(step, was, node));
    } else {
      const key = classOf(node);
      let alike = classes.get(key);
      if (!alike) classes.set(key, (alike = { ...candidates(step, node, node), nodeIds: [] }));
      if (before.network === after.network && before.lock === after.lock) alike.nodeIds.push(nodeId);
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
function looksAnew({ before, after, touched }: Step, was: NodeState, is: NodeState): boolean {
  if (!before.network || !after.network) return true;
  if (before.network.defaultPolicy !== after.network.defaultPolicy) return true;
  const { nodeId } = is;
  if (before.paths.get(nodeId) !== after.paths.get(nodeId)) return true;
  if (touched.has(nodeId) && standsElsewhere(before, after, nodeId)) return true;
  if (was === is) return false;
  if (was.enabled !== is.enabled) return true;
  const old = isLive(before) && profileOf(before, was).vantage;
  const now = isLive(after) && profileOf(after, is).vantage;
  return !old || !now || old.site !== now.site || old.family !== now.family;
}

function standsElsewhere(before: NetworkState, after: NetworkState, nodeId: string): boolean {
  if ([before, after].every((state) => isLive(state) && isWithoutPaths(state))) return false;
  const [was, is] = [before, after].map((state) => {
    const node = memberOf(state, nodeId);
    return isLive(state) && node && standingOf(state, node);
  });
  if (!was || !is) return true;
  return (
    standingKey(was) !== standingKey(is) ||
    was.offersLan !== is.offersLan ||
    was.relay?.endpoints.join() !== is.relay?.endpoints.join() ||
    !sameSet(was.relay?.cut, is.relay?.cut)
  );
}

const sameSet = (a: ReadonlySet<string> = new Set(), b: ReadonlySet<string> = new Set()) =>
  a.size === b.size && [...a].every((id) => b.has(id));

/** Whether a node is an exception with some of the others, so that it sees them as nobody else does. */
const isException = ({ after }: Step, { nodeId }: NodeState): boolean => after.paths.has(nodeId);

/** Whether clusters or gateways name a node and may mean something else for it, or for what it relays. */
function isToldAnew({ before, after }: Step, node: NodeState): boolean {
  if (!isLive(before) || !isLive(after) || landscapeOf(before) === landscapeOf(after)) return false;
  return [before, after].some((state) => landscapeOf(state).named.has(node.nodeId));
}

/**
 * What a node's view of the touched nodes depends on, as one text: all of `arePeers`, `choosePath` and
 * `chooseEndpoint`. Its site
 * counts only where a touched node shares it, so that ten thousand sites are not ten thousand classes.
 */
function viewerClasses(step: Step): (node: NodeState) => string {
  const { before, after } = step;
  const hasPaths = [before, after].some((state) => isLive(state) && !isWithoutPaths(state));
  const sites = new Set<string | null | undefined>();
  for (const id of [...step.touched, ...serving(step)])
    sites.add(memberOf(before, id)?.site).add(memberOf(after, id)?.site);
  return (node) => {
    if (!isLive(after) || !node.enabled) return 'none';
    const { site, family } = profileOf(after, node).vantage;
    const standing = hasPaths ? standingOf(after, node) : undefined;
    const place = standing ? `${family} ${standingKey(standing)}` : `${family}`;
    return site !== null && sites.has(site) ? `${place} ${standing?.offersLan} ${site}` : place;
  };
}

/** Those that something may be behind for everybody, where that may have changed. */
function serving({ before, after }: Step): string[] {
  if (!isLive(before) || !isLive(after) || landscapeOf(before) === landscapeOf(after)) return [];
  return [before, after].flatMap((state) => landscapeOf(state).gateways.flatMap(({ active }) => active ?? []));
}

function candidates({ before, after, touched }: Step, was: NodeState, is: NodeState): Candidates {
  if (!isLive(before) || !isLive(after)) return { was: [], is: [] };
  const [told, tell] = [extrasOf(before, was), extrasOf(after, is)];
  const behind = told === tell ? [] : [...told.behind.keys(), ...tell.behind.keys()];
  const ids = behind.length === 0 ? touched : new Set([...touched, ...behind].sort());
  const of = (state: NetworkState) => [...ids].map((id) => memberOf(state, id)).filter((node) => node !== undefined);
  return {
    was: resourcesOver(before, was, of(before)).sort(byName),
    is: resourcesOver(after, is, of(after)).sort(byName),
  };
}

/** The change of one node whose own resources may differ as well. */
function addOwn(groups: Map<string, ChangeGroup>, step: Step, was: NodeState, over: Candidates): void {
  const { before, after } = step;
  const is = memberOf(after, was.nodeId);
  if (!isLive(before) || !isLive(after) || !is) return;
  const change = difference(
    [...ownResources(before, was), ...over.was].sort(byName),
    [...ownResources(after, is), ...over.is].sort(byName),
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
