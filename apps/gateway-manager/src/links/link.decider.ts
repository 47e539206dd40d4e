import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { LinkClustersBody, UnlinkClustersBody } from '#contracts/gateway-commands.js';
import type { NetworkFact } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { linkedWith } from '#topology/crossing-ranges.js';
import { oneOfErrors, refuseInvalid } from '#topology/fields.js';
import { linkView } from '#topology/gateway-view.js';
import { clusterOf, linkOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';
import { overlapRefusal } from '#topology/overlaps.js';
import { assignVirtualRanges, clashesOf, type Clash } from '#topology/virtual-ranges.js';

export type LinkClusters = CommandMeta & LinkClustersBody;
export type UnlinkClusters = GuardedCommand & UnlinkClustersBody;

/**
 * Links two clusters, virtual ranges for what overlaps included. Two that are linked stay so, without a fact. Answer:
 * LinkView.
 * @throws Refusal `not_found`, `invalid`, `link_self`, `id_taken`, `model_forbids` for isolated clusters and islands,
 *   `cidr_overlap` naming both owners, `pool_exhausted`
 */
export function decideLinkClusters(command: LinkClusters, state: NetworkState): Decision {
  refuseInvalid(oneOfErrors('onOverlap', command.onOverlap, ['assign', 'refuse']));
  const [a, b] = [clusterOf(state, command.a), clusterOf(state, command.b)].sort((x, y) =>
    x.clusterId < y.clusterId ? -1 : 1,
  ) as [ClusterState, ClusterState];
  if (a === b) throw new Refusal('link_self', `cluster "${a.name}" cannot be linked with itself; name another cluster`);
  const earlier = state.links.find((link) => link.a === a.clusterId && link.b === b.clusterId);
  if (earlier) return { facts: [], answer: linkView(state, earlier) };
  const { linkId } = command;
  if (state.links.has(linkId))
    throw new Refusal('id_taken', `the id ${linkId} is taken by another link; make a new one`);
  for (const cluster of [a, b]) refuseUnlinkable(cluster);

  const clashes = [...clashesOf(state, a.clusterId, [b.clusterId]), ...clashesOf(state, b.clusterId, [a.clusterId])];
  refuseClashes(command, state, clashes);
  const assigned = assignVirtualRanges(
    state,
    clashes.map(({ mine }) => mine),
  ).map((range): NetworkFact => ({ type: 'VirtualRangeAssigned', data: range }));
  const linked: NetworkFact = { type: 'ClustersLinked', data: { linkId, a: a.clusterId, b: b.clusterId } };
  // Ranges first: no version of the log has a link whose ranges overlap.
  const facts = factsOf(command, ...assigned, linked);
  const after = foldNew(networkFold, state, facts);
  return { facts, answer: linkView(after, linkOf(after, linkId)) };
}

/**
 * A cluster without any link left gives its virtual ranges back. Answer: `{linkId}`.
 * @throws Refusal `not_found`, `version_mismatch`
 */
export function decideUnlinkClusters(command: UnlinkClusters, state: NetworkState): Decision {
  const { linkId } = command;
  const link = linkOf(state, linkId);
  refuseStale(command, link);
  const unlinked: NetworkFact = { type: 'ClustersUnlinked', data: { linkId } };
  const alone = [link.a, link.b].filter((clusterId) => linkedWith(state, clusterId).length === 1);
  const released = [...state.virtualRanges.values()]
    .filter(({ clusterId }) => alone.includes(clusterId))
    .sort((x, y) => (x.clusterId + x.real < y.clusterId + y.real ? -1 : 1))
    .map(({ clusterId, real }): NetworkFact => ({ type: 'VirtualRangeReleased', data: { clusterId, real } }));
  return { facts: factsOf(command, unlinked, ...released), answer: { linkId } };
}

function refuseUnlinkable({ name, model }: ClusterState): void {
  if (model === 'isolated' || model === 'island')
    throw new Refusal(
      'model_forbids',
      `cluster "${name}" is ${model}: its pods reach no other cluster; give it the model archipelago first`,
    );
}

/** Everybody knows a flat cluster's pods by their own addresses, so those cannot be translated. */
function refuseClashes({ onOverlap }: LinkClusters, state: NetworkState, clashes: Clash[]): void {
  for (const { mine, other } of clashes) {
    if (onOverlap === 'refuse')
      throw overlapRefusal(mine, other, 'link with onOverlap assign to give virtual ranges, or renumber one of them');
    const cluster = clusterOf(state, mine.id);
    const isPods = mine.owner.endsWith('(pods)');
    if (cluster.model === 'flat' && isPods)
      throw overlapRefusal(
        mine,
        other,
        `cluster "${cluster.name}" is flat: renumber it, or give it the model archipelago`,
      );
  }
}
