import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { factsOf, foldNew, type GuardedCommand } from '#topology/command.js';
import { refuseInvalid } from '#topology/fields.js';
import { networkOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkInfo, NetworkState } from '#topology/network-state.js';
import type { SystemState } from '#topology/system-fold.js';
import { networkView } from '#topology/view.js';
import {
  refusePoolCollisions,
  settingErrors,
  virtualPools,
  type NetworkTuning,
  type PoolWishes,
} from './network-settings.js';

/** Virtual ranges that are assigned stay when the pool changes. */
export interface ChangeNetwork extends GuardedCommand, NetworkTuning, PoolWishes {}

export interface DeleteNetwork extends GuardedCommand {
  networkId: string;
  /** Remove all that is in it. */
  force?: boolean;
}

/** Answer: NetworkView. @throws Refusal `not_found`, `version_mismatch`, `invalid`, `cidr_invalid`, `cidr_overlap` */
export function decideChangeNetwork(command: ChangeNetwork, state: NetworkState): Decision {
  const network = networkOf(state);
  refuseStale(command, network);
  refuseInvalid(settingErrors(command));
  const changes = changedSettings(command, network);
  const facts = Object.keys(changes).length ? factsOf(command, { type: 'NetworkChanged', data: { changes } }) : [];
  const after = foldNew(networkFold, state, facts);
  refusePoolCollisions(after, changes);
  return { facts, answer: networkView(after) };
}

/**
 * Decides on the network's stream; its removal from the list in `system` comes with it. Answer: `{networkId}`.
 * @throws Refusal `not_found`, `version_mismatch`, `network_not_empty`
 */
export function decideDeleteNetwork(
  command: DeleteNetwork,
  { network: state, system }: { network: NetworkState; system: SystemState },
): Decision {
  const answer = { networkId: command.networkId };
  if (!state.network && state.version > 0) return { facts: [], answer };
  const { networkId, name, version } = networkOf(state);
  refuseStale(command, { version });
  if (!command.force) refuseContents(name, state);
  const removals = [...state.nodes.keys()]
    .sort()
    .map((nodeId): NetworkFact => ({ type: 'NodeRemoved', data: { nodeId, reason: 'operator' } }));
  const delisted = factsOf(command, { type: 'NetworkDelisted', data: { networkId } });
  return {
    facts: factsOf(command, ...removals, { type: 'NetworkDeleted', data: { networkId, name } }),
    also: [{ stream: SYSTEM_STREAM, expectedVersion: system.version, facts: delisted }],
    answer,
  };
}

function changedSettings(command: ChangeNetwork, now: NetworkInfo) {
  const { mtu, keepalive, defaultPolicy } = command;
  const { virtualPool, virtualPool6 } = virtualPools(command);
  return {
    ...(virtualPool !== undefined && virtualPool !== now.virtualPool && { virtualPool }),
    ...(virtualPool6 !== undefined && virtualPool6 !== now.virtualPool6 && { virtualPool6 }),
    ...(mtu !== undefined && mtu !== now.mtu && { mtu }),
    ...(keepalive !== undefined && keepalive !== now.keepalive && { keepalive }),
    ...(defaultPolicy !== undefined && defaultPolicy !== now.defaultPolicy && { defaultPolicy }),
  };
}

/** @throws Refusal `network_not_empty` naming what is in it, one by name */
function refuseContents(name: string, { nodes, clusters, gateways, clients }: NetworkState): void {
  const contents = Object.entries({ node: nodes, cluster: clusters, gateway: gateways, client: clients })
    .filter(([, things]) => things.size > 0)
    .map(([kind, things]) => {
      const [first] = things
        .valueSeq()
        .map((thing) => thing.name)
        .sort();
      return things.size === 1 ? `${kind} "${first}"` : `${things.size} ${kind}s, "${first}" among them`;
    });
  if (contents.length > 0)
    throw new Refusal(
      'network_not_empty',
      `network "${name}" still has ${contents.join('; ')}; remove them first, or force the deletion`,
    );
}
