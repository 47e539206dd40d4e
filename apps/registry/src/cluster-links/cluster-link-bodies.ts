import type { LinkClustersBody } from '#contracts/gateway-commands.js';
import { inField } from '#topology/fields.js';
import type { NetworkState } from '#topology/network-state.js';
import { findCluster } from '../clusters/find-cluster.js';
import type { CreateClusterLinkBody } from './cluster-link.dto.js';

/** @throws Refusal `not_found` naming its field */
export const linkClustersBody = (
  state: NetworkState,
  linkId: string,
  { a, b, ...rest }: CreateClusterLinkBody,
): LinkClustersBody => ({
  ...rest,
  linkId,
  a: inField('a', () => findCluster(state, a)).clusterId,
  b: inField('b', () => findCluster(state, b)).clusterId,
});
