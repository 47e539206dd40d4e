import type { RecordedFact } from '#contracts/facts.js';
import type { LockFact } from '#contracts/lock-facts.js';
import type { MemberSigned, NetworkState, NodeState } from './network-state.js';

type Changes = Partial<NetworkState>;

/** What operators signed, in the state of its network. A signature of a key that a member does not have any more is of no use. */
export function lockChanges(state: NetworkState, fact: RecordedFact<LockFact>): Changes {
  if (fact.type === 'LockChanged') return { lock: [...state.lock, fact.data.entry] };
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

function ofNode(node: NodeState, publicKey: string | null, signed: MemberSigned): Partial<NodeState> {
  if (publicKey === node.publicKey) return { signed };
  const { keyRotation } = node;
  return keyRotation?.step === 'offered' && keyRotation.publicKey === publicKey ? { nextSigned: signed } : {};
}
