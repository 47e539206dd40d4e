import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import type { NetworkModel } from '#contracts/facts.js';
import { type CrossingRange, linkedWith } from '#topology/crossing-ranges.js';
import { type ClusterView } from '#topology/gateway-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { MAX_RANGES } from '#topology/range-fields.js';
import type { ClusterAddress } from '#topology/translate-cluster-address.js';
import { ChoiceField, ListField, TextField, TextListField } from '../http/fields.js';
import { NodeReferenceDto, nodeReference } from '../nodes/node-reference.js';
import { ClusterReferenceDto, clusterReference } from './cluster-reference.js';
import { MODELS } from './cluster-rules.js';

/** Members that come with a new cluster; more are set one by one. */
const MAX_FIRST_MEMBERS = 256;

const NameField = (optional: boolean) =>
  TextField({ optional, description: 'One DNS label, lower case', example: 'berlin' });
const PodsField = () =>
  TextListField({
    optional: true,
    maxItems: MAX_RANGES,
    description: `Pod ranges, IPv4 and IPv6, at most ${MAX_RANGES}`,
    example: ['10.42.0.0/16'],
  });
const ServicesField = () =>
  TextListField({
    optional: true,
    maxItems: MAX_RANGES,
    description: `Service ranges, at most ${MAX_RANGES}; a cluster has pods, services or both`,
    example: ['10.43.0.0/16'],
  });
const NodePodsField = () =>
  TextListField({
    optional: true,
    maxItems: MAX_RANGES,
    description: "Ranges of this node's own pods, inside the cluster's; none: the cluster's network knows the way",
    example: ['10.42.1.0/24'],
  });
const ModelField = (description: string) => ChoiceField({ choices: MODELS, optional: true, description });

export class ClusterMemberBody {
  @NodePodsField()
  pods?: string[];
}

@ApiSchema({ name: 'NewClusterMember' })
export class NewClusterMemberBody extends ClusterMemberBody {
  @TextField({ description: 'Name or id of the node', example: 'web-1' })
  node!: string;
}

export class CreateClusterBody {
  @NameField(false)
  name!: string;

  @PodsField()
  pods?: string[];

  @ServicesField()
  services?: string[];

  @ModelField("How its pods relate to the rest; the network's if left out")
  model?: NetworkModel;

  @ListField({
    optional: true,
    of: NewClusterMemberBody,
    maxItems: MAX_FIRST_MEMBERS,
    description: 'Nodes that belong to it; a node belongs to one cluster',
  })
  members?: NewClusterMemberBody[];
}

export class ChangeClusterBody {
  @NameField(true)
  name?: string;

  @PodsField()
  pods?: string[];

  @ServicesField()
  services?: string[];

  @ModelField('How its pods relate to the rest')
  model?: NetworkModel;
}

export class ClusterMemberPath {
  @TextField({ description: 'Name or id of the network' })
  network!: string;

  @TextField({ description: 'Name or id of the cluster' })
  cluster!: string;

  @TextField({ description: 'Name or id of the node' })
  node!: string;
}

export class TranslateQuery {
  @ApiProperty({ description: 'An address of the cluster, real or virtual', example: '10.42.7.9' })
  @MaxLength(64)
  @IsNotEmpty()
  @IsString()
  address!: string;
}

@ApiSchema({ name: 'CrossingRange' })
export class CrossingRangeDto implements CrossingRange {
  @ApiProperty({ enum: ['pods', 'services'] })
  kind!: CrossingRange['kind'];

  @ApiProperty({ description: 'As the cluster itself knows it', example: '10.42.0.0/16' })
  real!: string;

  @ApiProperty({ description: 'As everybody else knows it: virtual where one is assigned', example: '100.64.0.0/16' })
  crossing!: string;
}

@ApiSchema({ name: 'ClusterMember' })
class ClusterMemberDto extends NodeReferenceDto {
  @ApiProperty({ type: [String], description: "Ranges of this node's own pods", example: ['10.42.1.0/24'] })
  pods!: readonly string[];
}

@ApiSchema({ name: 'Cluster' })
export class ClusterDto implements ClusterView {
  @ApiProperty({ format: 'uuid' })
  clusterId!: string;

  @ApiProperty({ example: 'berlin' })
  name!: string;

  @ApiProperty({ type: [String], description: 'Pod ranges', example: ['10.42.0.0/16'] })
  pods!: string[];

  @ApiProperty({ type: [String], description: 'Service ranges', example: ['10.43.0.0/16'] })
  services!: string[];

  @ApiProperty({ enum: MODELS, description: 'How its pods relate to the rest' })
  model!: NetworkModel;

  @ApiProperty({ type: [ClusterMemberDto] })
  members!: ClusterMemberDto[];

  @ApiProperty({ type: [CrossingRangeDto], description: 'Its ranges as the other side of a link sees them' })
  crossing!: CrossingRange[];

  @ApiProperty({ type: [ClusterReferenceDto], description: 'Clusters that it is linked with' })
  linkedWith!: ClusterReferenceDto[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

@ApiSchema({ name: 'ClusterAddress' })
export class ClusterAddressDto implements ClusterAddress {
  @ApiProperty({ description: "What the cluster's own nodes use", example: '10.42.7.9' })
  real!: string;

  @ApiProperty({ description: 'What everybody else uses', example: '100.64.7.9' })
  crossing!: string;

  @ApiProperty({ description: 'The two differ: a virtual range is assigned' })
  translated!: boolean;

  @ApiProperty({ type: CrossingRangeDto, description: 'The range that it lies in' })
  range!: CrossingRange;
}

/** A view with the names of what it refers to. */
export const clusterDto = (state: NetworkState, view: ClusterView): ClusterDto => ({
  ...view,
  members: view.members.map(({ nodeId, pods }) => ({ ...nodeReference(state, nodeId), pods })),
  linkedWith: linkedWith(state, view.clusterId).map((clusterId) => clusterReference(state, clusterId)),
});
