import type { PeerResource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { hostPrefix } from '#ipam/prefix.js';
import { clientsServedBy, clientViolations } from './check-client.js';
import { isPeer } from './check-node.js';
import { bodyViolations, pairViolation, peerId } from './check-peer.js';
import { isLive, type LiveState, memberOf, membersOf } from './members.js';
import { arePeers } from './permitted.js';
import type { ChangeGroup } from './plan.js';
import { label, labelOf, type Violation } from './violation.js';

/**
 * Which invariants of docs/planner.md one change breaks at its recipients; empty when it breaks none. For use before a
 * delta is published: O(nodes + recipients × resources), without planning anybody's whole set.
 */
export function checkGroup(state: NetworkState, { nodeIds, upserts, removed }: ChangeGroup): Violation[] {
  const recipients = nodeIds.map((id) => memberOf(state, id)).filter((node) => node !== undefined);
  const [first] = recipients;
  if (!isLive(state) || !first || recipients.length < nodeIds.length)
    return nodeIds
      .filter((id) => !memberOf(state, id))
      .map((nodeId) => ({
        code: 'unknown_node',
        nodeId,
        message: `a change is planned for ${labelOf(state, nodeId)}`,
      }));
  const peers = upserts.filter(isPeer);
  return [
    ...peers.flatMap((peer) => peerViolations(state, recipients, peer)),
    ...removed.flatMap((name) => wrongRemovals(state, recipients, name)),
    ...takenPrefixes(state, first, peers),
  ];
}

function peerViolations(state: LiveState, recipients: NodeState[], peer: PeerResource): Violation[] {
  const client = state.clients.get(peerId(peer));
  if (client) return recipients.flatMap((holder) => clientViolations(state, holder, { peer, client }));
  const other = memberOf(state, peerId(peer));
  if (!other)
    return recipients.map(({ nodeId }) => ({
      code: 'unknown_node',
      nodeId,
      message: `${labelOf(state, nodeId)} gets peer ${peer.node}: ${labelOf(state, peerId(peer))}`,
    }));
  const pairs = recipients.map((holder) => pairViolation(state, holder, other)).filter((found) => found !== undefined);
  const [first] = recipients;
  return first ? [...pairs, ...bodyViolations(state, first, { peer, other })] : pairs;
}

function wrongRemovals(state: LiveState, recipients: NodeState[], name: string): Violation[] {
  const id = name.startsWith('peer/') ? name.slice('peer/'.length) : '';
  const other = memberOf(state, id);
  if (state.clients.has(id))
    return recipients
      .filter((holder) => clientsServedBy(state, holder).some(({ clientId }) => clientId === id))
      .map((holder) => ({
        code: 'missing_peer',
        nodeId: holder.nodeId,
        message: `${label(holder)} loses client ${state.clients.get(id)?.name}, whose gateway it serves`,
      }));
  if (!other) return [];
  return recipients
    .filter((holder) => arePeers(state, holder, other))
    .map((holder) => ({
      code: 'missing_peer',
      nodeId: holder.nodeId,
      message: `${label(holder)} loses peer ${label(other)}, which policy permits`,
    }));
}

/** A prefix that is given to a peer and held by another node, or given to two, would silently move from one to the other. */
function takenPrefixes(state: LiveState, recipient: NodeState, peers: readonly PeerResource[]): Violation[] {
  const claimed = new Map<string, string>();
  const found: Violation[] = [];
  const report = (message: string) => found.push({ code: 'prefix_conflict', nodeId: recipient.nodeId, message });
  for (const peer of peers)
    for (const prefix of peer.allowedIps) {
      const other = claimed.get(prefix);
      if (other !== undefined)
        report(
          `${label(recipient)} gets ${prefix} for ${labelOf(state, other)} and for ${labelOf(state, peerId(peer))}`,
        );
      claimed.set(prefix, peerId(peer));
    }
  // By address, for there are many nodes: to make a prefix of each address takes as long as all the rest.
  const hosts = new Map<string, string>();
  for (const [prefix, owner] of claimed) {
    const address = prefix.slice(0, prefix.indexOf('/'));
    if (hostPrefix(address) === prefix) hosts.set(address, owner);
  }
  if (hosts.size === 0) return found;
  for (const node of membersOf(state))
    for (const address of node.addresses) {
      const owner = hosts.get(address);
      if (owner === undefined || owner === node.nodeId) continue;
      report(`${label(recipient)} gets ${address} for ${labelOf(state, owner)}, but ${label(node)} has it`);
    }
  return found;
}
