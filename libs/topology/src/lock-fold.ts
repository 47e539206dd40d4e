import type { RecordedFact } from '#contracts/facts.js';
import type { LockFact } from '#contracts/lock-facts.js';
import type { MemberSigned, NetworkState, NodeState } from './network-state.js';

type Changes = Partial<NetworkState>;

/** What operators signed, in the state of its network. A signature of a key that a member does not have any more is of no use. */
export function lockChanges(state: NetworkState, fact: RecordedFact<LockFact>): Changes {
  if (fact.type === 'LockChanged')
    return { lock: [...state.lock, fact.data.entry], nodes: offeredAgain(state, fact.version) };
  const { memberId, publicKey, ...said } = fact.data;
  const signed: MemberSigned = { ...said, version: fact.version };
  const node = state.nodes.get(memberId);
  if (node) return { nodes: state.nodes.set(memberId, { ...node, ...ofNode(node, publicKey, signed) }) };
  const client = state.clients.get(memberId);
  if (client)
    return client.publicKey === publicKey ? { clients: state.clients.set(memberId, { ...client, signed }) } : {};
  const publication = state.publications.get(memberId);
  return publication ? { publications: state.publications.set(memberId, { ...publication, signed }) } : {};
}

/** Who refused a key on offer may take it from this entry on, so its being known counts from here. */
function offeredAgain({ nodes, nodeIdByPublicKey }: NetworkState, version: number): NetworkState['nodes'] {
  if (nodeIdByPublicKey.size === nodes.size) return nodes;
  return nodes.map((node) =>
    node.keyRotation?.step === 'offered' ? { ...node, keyRotation: { ...node.keyRotation, version } } : node,
  );
}

function ofNode(node: NodeState, publicKey: string | null, signed: MemberSigned): Partial<NodeState> {
  if (publicKey === node.publicKey) return { signed };
  const { keyRotation } = node;
  return keyRotation?.step === 'offered' && keyRotation.publicKey === publicKey ? { nextSigned: signed } : {};
}
