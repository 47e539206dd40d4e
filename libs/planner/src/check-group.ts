import type { PeerResource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
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
  const other = name.startsWith('peer/') ? memberOf(state, name.slice('peer/'.length)) : undefined;
  if (!other) return [];
  return recipients
    .filter((holder) => arePeers(state, holder, other))
    .map((holder) => ({
      code: 'missing_peer',
      nodeId: holder.nodeId,
      message: `${label(holder)} loses peer ${label(other)}, which policy permits`,
    }));
}

/** A prefix that is given to a peer and held by another node would silently move from one to the other. */
function takenPrefixes(state: LiveState, recipient: NodeState, peers: readonly PeerResource[]): Violation[] {
  const claimed = new Map<string, string>();
  for (const peer of peers) for (const prefix of peer.allowedIps) claimed.set(hostOf(prefix), peerId(peer));
  const found: Violation[] = [];
  if (claimed.size === 0) return found;
  for (const node of membersOf(state))
    for (const address of node.addresses) {
      const owner = claimed.get(address);
      if (owner === undefined || owner === node.nodeId) continue;
      const message = `${label(recipient)} gets ${address} for ${labelOf(state, owner)}, but ${label(node)} has it`;
      found.push({ code: 'prefix_conflict', nodeId: recipient.nodeId, message });
    }
  return found;
}

/** Peers own single addresses only; anything wider is a `foreign_prefix` already. */
const hostOf = (prefix: string): string => prefix.slice(0, prefix.indexOf('/'));
