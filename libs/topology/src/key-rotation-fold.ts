import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { KeyRotation, NetworkState, NodeState } from './network-state.js';

type KeyFact = Extract<
  RecordedFact<NetworkFact>,
  { type: 'NodeKeyRotationRequested' | 'NodeKeyOffered' | 'NodeKeyRotated' }
>;

/** What one step of a key rotation changes. A key that was asked for, or offered, anew takes the place of an earlier offer. */
export function keyRotationChanges(state: NetworkState, fact: KeyFact): Partial<NetworkState> {
  const node = state.nodes.get(fact.data.nodeId);
  if (!node) return {};
  const after = { ...withSignatures(node, fact), ...nodeChanges(node, fact), version: fact.version };
  const others = keysOf(node).reduce((index, key) => index.delete(key), state.nodeIdByPublicKey);
  return {
    nodes: state.nodes.set(node.nodeId, after),
    nodeIdByPublicKey: keysOf(after).reduce((index, key) => index.set(key, node.nodeId), others),
  };
}

/** The WireGuard keys that a node has, or is about to have. */
export function keysOf({ publicKey, keyRotation }: NodeState): string[] {
  return keyRotation?.step === 'offered' ? [publicKey, keyRotation.publicKey] : [publicKey];
}

/** What was signed of a key goes where the key goes. */
function withSignatures({ signed, nextSigned, ...node }: NodeState, fact: KeyFact): NodeState {
  if (fact.type !== 'NodeKeyRotated') return { ...node, ...(signed && { signed }) };
  const { keyRotation } = node;
  const isOffered = keyRotation?.step === 'offered' && keyRotation.publicKey === fact.data.publicKey;
  return { ...node, ...(isOffered && nextSigned && { signed: nextSigned }) };
}

function nodeChanges(node: NodeState, fact: KeyFact): { publicKey?: string; keyRotation?: KeyRotation } {
  const { version } = fact;
  switch (fact.type) {
    case 'NodeKeyRotationRequested':
      return { keyRotation: { step: 'requested', version } };
    case 'NodeKeyOffered':
      return { keyRotation: { step: 'offered', version, publicKey: fact.data.publicKey } };
    case 'NodeKeyRotated':
      // Logs of 0.1 hold rotations that nobody asked for.
      return { publicKey: fact.data.publicKey, ...(node.keyRotation && { keyRotation: { step: 'done', version } }) };
    default:
      return fact satisfies never;
  }
}
