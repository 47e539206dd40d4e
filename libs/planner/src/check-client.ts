import { canonicalJson } from '#contracts/canonical.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { ClientState, NetworkState, NodeState } from '#topology/network-state.js';
import { permitsAll } from './permitted.js';
import { label, type Violation, type ViolationCode } from './violation.js';

/** What is wrong with a client as a peer of a node: only who serves its gateway has it, by its own key and addresses. */
export function clientViolations(
  state: NetworkState,
  holder: NodeState,
  { peer, client }: { peer: PeerResource; client: ClientState },
): Violation[] {
  const found: Violation[] = [];
  const report = (code: ViolationCode, what: string) =>
    found.push({ code, nodeId: holder.nodeId, message: `${label(holder)} has client ${client.name} ${what}` });
  if (!isServed(state, holder, client)) report('forbidden_peer', 'as a peer, but does not serve its gateway');
  if (peer.publicKey !== client.publicKey) report('wrong_key', 'with a key that is not its own');
  const theirs = client.addresses.map(hostPrefix).sort();
  if (canonicalJson(peer.allowedIps) !== canonicalJson(theirs))
    report('foreign_prefix', `with ${peer.allowedIps.join(' ')}, but it has ${theirs.join(' ')}`);
  if (peer.endpoint !== null) report('endpoint_in_mesh', `at ${peer.endpoint}, but clients call`);
  return found;
}

/** The clients that a node has to have as peers. */
export function clientsServedBy(state: NetworkState, node: NodeState): ClientState[] {
  return [...state.clients.values()].filter((client) => isServed(state, node, client));
}

function isServed(state: NetworkState, { nodeId, enabled }: NodeState, { gatewayId }: ClientState): boolean {
  return enabled && permitsAll(state) && state.gateways.get(gatewayId)?.active === nodeId;
}
