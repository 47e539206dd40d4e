import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { NetworkState } from '#topology/network-state.js';

@ApiSchema({ name: 'ClusterReference' })
export class ClusterReferenceDto {
  @ApiProperty({ format: 'uuid' })
  clusterId!: string;

  @ApiProperty({ description: 'Its id where the cluster is gone', example: 'berlin' })
  name!: string;
}

/** A cluster as another resource names it. */
export const clusterReference = (
  { clusters }: Pick<NetworkState, 'clusters'>,
  clusterId: string,
): ClusterReferenceDto => ({ clusterId, name: clusters.get(clusterId)?.name ?? clusterId });
