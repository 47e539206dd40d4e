import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { LinkView } from '#topology/gateway-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { ClusterReferenceDto, clusterReference } from '../clusters/cluster-reference.js';
import { CrossingRangeDto } from '../clusters/cluster.dto.js';
import { ChoiceField, TextField } from '../http/fields.js';

const OVERLAP_CHOICES = ['assign', 'refuse'] as const;

export class CreateClusterLinkBody {
  @TextField({ description: 'Name or id of one cluster', example: 'berlin' })
  a!: string;

  @TextField({ description: 'Name or id of the other', example: 'paris' })
  b!: string;

  @ChoiceField({
    choices: OVERLAP_CHOICES,
    optional: true,
    description:
      "What to do about ranges that overlap another's: assign virtual ones (if left out), or refuse, naming both owners. Pods of a flat cluster are never translated: their overlap is refused",
  })
  onOverlap?: (typeof OVERLAP_CHOICES)[number];
}

@ApiSchema({ name: 'ClusterLinkRanges' })
class ClusterLinkRangesDto {
  @ApiProperty({ type: [CrossingRangeDto] })
  a!: CrossingRangeDto[];

  @ApiProperty({ type: [CrossingRangeDto] })
  b!: CrossingRangeDto[];
}

@ApiSchema({ name: 'ClusterLink' })
export class ClusterLinkDto {
  @ApiProperty({ format: 'uuid' })
  linkId!: string;

  @ApiProperty()
  a!: ClusterReferenceDto;

  @ApiProperty()
  b!: ClusterReferenceDto;

  @ApiProperty({ description: 'What crosses, from each of both clusters' })
  ranges!: ClusterLinkRangesDto;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

/** A view with the names of both clusters. */
export const clusterLinkDto = (state: NetworkState, link: LinkView): ClusterLinkDto => ({
  ...link,
  a: clusterReference(state, link.a),
  b: clusterReference(state, link.b),
});
