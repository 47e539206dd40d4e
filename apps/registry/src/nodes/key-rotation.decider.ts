import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import { factsOf, foldNew, type CommandMeta } from '#topology/command.js';
import { refuseInvalid } from '#topology/fields.js';
import { mayTakeNextKey } from '#topology/lock-members.js';
import { nodeOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { publicKeyErrors } from '#topology/public-keys.js';
import { nodeView } from '#topology/view.js';
import type { NodeCommand } from './node-lifecycle.decider.js';
import { refuseKeysTaken } from './node-uniqueness.js';

export interface RequestKeyRotation extends NodeCommand {
  /** Also where external clients have the key in their configuration files. */
  force?: boolean;
}

/** A WireGuard key that the node made. */
export interface NodeKeyCommand extends CommandMeta {
  nodeId: string;
  publicKey: string;
}

/**
 * Asks the node for a new key; no fact while it has not answered. Answer: NodeView.
 * @throws Refusal `not_found`, `version_mismatch`, `node_disabled`, `in_use`
 */
export function decideRequestKeyRotation(command: RequestKeyRotation, state: NetworkState): Decision {
  const { nodeId, force } = command;
  const node = nodeOf(state, nodeId);
  refuseStale(command, node);
  if (!node.enabled) throw new Refusal('node_disabled', `node "${node.name}" is disabled; enable it first`);
  if (!force) refuseKeyHandedOut(nodeId, state);
  const asked = node.keyRotation?.step === 'requested';
  const facts = asked ? [] : factsOf(command, { type: 'NodeKeyRotationRequested', data: { nodeId } });
  return { facts, answer: nodeView(nodeOf(foldNew(networkFold, state, facts), nodeId)) };
}

/**
 * The node's answer, proven by the shell: the others learn the key from now on. The same key again makes no fact.
 * Answer: `{nodeId}`. @throws Refusal `not_found`, `invalid`, `public_key_taken`, `forbidden` when nobody asked
 */
export function decideOfferKey(command: NodeKeyCommand, state: NetworkState): Decision {
  const { nodeId, publicKey } = command;
  const { keyRotation: rotation, publicKey: current, name } = nodeOf(state, nodeId);
  const offered = rotation?.step === 'offered' ? rotation.publicKey : current;
  if (publicKey === offered) return { facts: [], answer: { nodeId } };
  if (rotation?.step !== 'requested')
    throw new Refusal('forbidden', `nobody asked node "${name}" for a new key; an operator can: rotate-key`);
  refuseInvalid(publicKeyErrors('publicKey', publicKey));
  refuseKeysTaken({ publicKey }, state);
  return { facts: factsOf(command, { type: 'NodeKeyOffered', data: { nodeId, publicKey } }), answer: { nodeId } };
}

/** Makes the offered key the one in use; no fact if another one is offered meanwhile, or a lock asks for a signature first. Answer: `{nodeId}`. @throws Refusal `not_found` */
export function decideFinishKeyRotation(command: NodeKeyCommand, state: NetworkState): Decision {
  const { nodeId, publicKey } = command;
  const node = nodeOf(state, nodeId);
  const { keyRotation: rotation } = node;
  const isOffered = rotation?.step === 'offered' && rotation.publicKey === publicKey;
  const facts =
    isOffered && mayTakeNextKey(state, node)
      ? factsOf(command, { type: 'NodeKeyRotated', data: { nodeId, publicKey } })
      : [];
  return { facts, answer: { nodeId } };
}

/** The files of external clients name the key of their gateway's members, and nobody but their users can change them. */
function refuseKeyHandedOut(nodeId: string, { clients, gateways }: NetworkState): void {
  const client = clients.find(({ gatewayId }) => gateways.get(gatewayId)?.members.includes(nodeId) ?? false);
  if (!client) return;
  const gateway = gateways.get(client.gatewayId)?.name;
  throw new Refusal(
    'in_use',
    `client "${client.name}" reaches the network through this node (gateway "${gateway}") and has its key in a file: with "force" the key changes all the same, and the clients need new files`,
  );
}
