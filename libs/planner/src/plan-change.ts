import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { NetworkState } from '#topology/network-state.js';
import { changeGroups } from './change-groups.js';
import { changedFlatPods } from './flat-pods.js';
import { keepLandscape, landscapeOf } from './gateways/landscape.js';
import { isLive, memberOf, membersOf } from './members.js';
import { isUsableRelay } from './paths/reach.js';
import type { NetworkChange } from './plan.js';

/**
 * What facts change in the plan, worked out from those facts instead of from scratch: applied to the plan of `before`
 * it gives `planAll(after)`. Several facts make one change.
 *
 * @param facts all facts after `before` up to `after`, in order
 * @throws Error when facts are missing: a removal that is overlooked would leave a peer behind
 */
export function planChange(
  before: NetworkState,
  after: NetworkState,
  facts: readonly RecordedFact<NetworkFact>[],
): NetworkChange {
  if (after.version - before.version !== facts.length)
    throw new Error(
      `planChange got ${facts.length} facts for versions ${before.version} to ${after.version}; read the missing ones from the log`,
    );
  const touched = touchedNodes(before, after, facts);
  if (isLive(before)) landscapeOf(before);
  keepLandscape(before, after, touched);
  const ids = [...touched];
  return {
    added: ids.filter((id) => !memberOf(before, id) && memberOf(after, id)),
    removedNodes: ids.filter((id) => memberOf(before, id) && !memberOf(after, id)),
    groups: { [Symbol.iterator]: () => changeGroups({ before, after, touched }) },
  };
}

/**
 * Nodes whose own state facts may have changed, or the pods that they are known by, or how others reach them, sorted. All
 * others are the same object in both states.
 */
function touchedNodes(
  before: NetworkState,
  after: NetworkState,
  facts: readonly RecordedFact<NetworkFact>[],
): ReadonlySet<string> {
  const ids = new Set(changedFlatPods(before, after));
  for (const fact of facts) {
    switch (fact.type) {
      case 'NodeEnrolled':
      case 'NodeChanged':
      case 'NodeKeyRotationRequested':
      case 'NodeKeyOffered':
      case 'NodeKeyRotated':
      case 'NodeDisabled':
      case 'NodeEnabled':
      case 'NodeRemoved':
      case 'NodeReachabilityDecided':
      case 'RelaySet':
      case 'RelayUnset':
      case 'RelayAssigned':
        ids.add(fact.data.nodeId);
        break;
      case 'MemberSigned':
        // Of a client or a service the landscape tells.
        if (after.nodes.has(fact.data.memberId)) ids.add(fact.data.memberId);
        break;
      case 'PathTried':
      case 'PathProven':
      case 'PathFailed':
      case 'PathForgotten':
        ids.add(fact.data.a).add(fact.data.b);
        break;
      case 'NetworkCreated':
      case 'NetworkDeleted':
        for (const { nodeId } of [...membersOf(before), ...membersOf(after)]) ids.add(nodeId);
        break;
      case 'NetworkChanged':
      case 'EnrolmentKeyCreated':
      case 'EnrolmentKeyRevoked':
      case 'ClusterDeclared':
      case 'ClusterChanged':
      case 'ClusterRemoved':
      case 'ClusterMemberSet':
      case 'ClusterMemberUnset':
      case 'GatewayCreated':
      case 'GatewayChanged':
      case 'GatewayRemoved':
      case 'GatewayActivated':
      case 'GatewayDraining':
      case 'ClustersLinked':
      case 'ClustersUnlinked':
      case 'VirtualRangeAssigned':
      case 'VirtualRangeReleased':
      case 'ServicePublished':
      case 'ServiceWithdrawn':
      case 'ClientCreated':
      case 'ClientRevoked':
      case 'RelayPinned':
      case 'LockChanged':
        break;
      default:
        fact satisfies never;
    }
  }
  for (const id of [...ids]) for (const other of pairsChanged(before, after, id)) ids.add(other);
  for (const relayId of [...ids].filter((id) => !servesAlike(before, after, id)))
    for (const { relays } of [before, after]) for (const nodeId of relays.get(relayId)?.nodes ?? []) ids.add(nodeId);
  return new Set([...ids].sort());
}

/** With whom a node is another exception than before: what is decided of one node may end a pair, and the other stands otherwise. */
function pairsChanged(before: NetworkState, after: NetworkState, nodeId: string): string[] {
  const [was, is] = [before.paths.get(nodeId), after.paths.get(nodeId)];
  if (was === is) return [];
  return [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])].filter((id) => was?.get(id) !== is?.get(id));
}

/** Whether a node that is no relay, or one that serves those behind it as before. */
function servesAlike(before: NetworkState, after: NetworkState, nodeId: string): boolean {
  if (!isLive(before) || !isLive(after)) return false;
  // Those behind a relay that comes or goes are known to be behind NAT, or no longer, also where it was of no use.
  if (before.relays.has(nodeId) !== after.relays.has(nodeId)) return false;
  if (!after.relays.has(nodeId)) return true;
  const [was, is] = [before.nodes.get(nodeId), after.nodes.get(nodeId)];
  return (
    was?.site === is?.site &&
    was?.endpoints === is?.endpoints &&
    before.reachability.get(nodeId)?.endpoints.join() === after.reachability.get(nodeId)?.endpoints.join() &&
    before.paths.get(nodeId) === after.paths.get(nodeId) &&
    isUsableRelay(before, nodeId) === isUsableRelay(after, nodeId)
  );
}
