import type { PublishServiceBody } from '#contracts/gateway-commands.js';
import { inField } from '#topology/fields.js';
import type { NetworkState } from '#topology/network-state.js';
import { findCluster } from '../clusters/find-cluster.js';
import type { CreatePublicationBody } from './publication.dto.js';

/** @throws Refusal `not_found` naming its field */
export const publishServiceBody = (
  state: NetworkState,
  publicationId: string,
  { cluster, ...rest }: CreatePublicationBody,
): PublishServiceBody => ({
  ...rest,
  publicationId,
  clusterId: inField('cluster', () => findCluster(state, cluster)).clusterId,
});
