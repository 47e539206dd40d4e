import type { Decision } from '#contracts/decision.js';
import type { Endpoint, Labels, NodeRecord } from '#contracts/facts.js';
import { factsOf, foldNew, type GuardedCommand } from '#topology/command.js';
import { canonicalEndpoints, endpointErrors, meshRanges, sameEndpoints } from '#topology/endpoints.js';
import { nameErrors, refuseInvalid } from '#topology/fields.js';
import { labelErrors, sameLabels, siteErrors } from '#topology/labels.js';
import { nodeOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { refuseEndpointsServed } from '#topology/served-ranges.js';
import { publicKeyErrors } from '#topology/public-keys.js';
import { nodeView } from '#topology/view.js';
import { refuseKeysTaken, refuseNameTaken } from './node-uniqueness.js';

/** Fields left out stay as they are; those given replace the whole value. */
export interface ChangeNode extends GuardedCommand {
  nodeId: string;
  name?: string;
  labels?: Labels;
  /** null: no site. */
  site?: string | null;
  endpoints?: Endpoint[];
}

export interface RotateNodeKey extends GuardedCommand {
  nodeId: string;
  /** The new WireGuard public key, made on the node. */
  publicKey: string;
}

type Changes = Partial<Pick<NodeRecord, 'name' | 'labels' | 'site' | 'endpoints'>>;

/** Answer: NodeView. @throws Refusal `not_found`, `version_mismatch`, `invalid`, `name_taken`, `endpoint_in_range` */
export function decideChangeNode(command: ChangeNode, state: NetworkState): Decision {
  const { nodeId, name, labels, site, endpoints } = command;
  const node = nodeOf(state, nodeId);
  refuseStale(command, node);
  refuseInvalid([
    ...(name === undefined ? [] : nameErrors(name)),
    ...labelErrors(labels),
    ...siteErrors(site),
    ...endpointErrors(endpoints, meshRanges(state)),
  ]);
  const changes = changedFields(command, node);
  if (changes.name !== undefined) refuseNameTaken(changes.name, state);
  const facts = Object.keys(changes).length ? factsOf(command, { type: 'NodeChanged', data: { nodeId, changes } }) : [];
  const after = foldNew(networkFold, state, facts);
  if (changes.endpoints || changes.site !== undefined) refuseEndpointsServed(after, nodeId);
  return { facts, answer: nodeView(nodeOf(after, nodeId)) };
}

/** Answer: NodeView. @throws Refusal `not_found`, `version_mismatch`, `invalid`, `public_key_taken` */
export function decideRotateNodeKey(command: RotateNodeKey, state: NetworkState): Decision {
  const { nodeId, publicKey } = command;
  const node = nodeOf(state, nodeId);
  refuseStale(command, node);
  refuseInvalid(publicKeyErrors('publicKey', publicKey));
  if (node.publicKey === publicKey) return { facts: [], answer: nodeView(node) };
  refuseKeysTaken({ publicKey }, state);
  const facts = factsOf(command, { type: 'NodeKeyRotated', data: { nodeId, publicKey } });
  return { facts, answer: nodeView(nodeOf(foldNew(networkFold, state, facts), nodeId)) };
}

function changedFields({ name, labels, site, endpoints }: ChangeNode, now: NodeState): Changes {
  const canonical = endpoints && canonicalEndpoints(endpoints);
  return {
    ...(name !== undefined && name !== now.name && { name }),
    ...(labels && !sameLabels(labels, now.labels) && { labels }),
    ...(site !== undefined && site !== now.site && { site }),
    ...(canonical && !sameEndpoints(canonical, now.endpoints) && { endpoints: canonical }),
  };
}
