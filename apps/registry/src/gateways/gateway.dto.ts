import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import type { GatewayKind, ProbeTarget } from '#contracts/gateway-facts.js';
import type { GatewayView } from '#topology/gateway-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { MAX_RANGES } from '#topology/range-fields.js';
import { ClientReferenceDto, clientReference } from '../clients/client-reference.js';
import { ClusterReferenceDto, clusterReference } from '../clusters/cluster-reference.js';
import { BooleanField, ChoiceField, ObjectField, TextField, TextListField, WholeNumberField } from '../http/fields.js';
import { NodeReferenceDto, nodeReference } from '../nodes/node-reference.js';

export const GATEWAY_KINDS: readonly GatewayKind[] = ['egress', 'ingress', 'internet', 'cluster'];

/** One serves, the others wait for it to fail: more than a handful is a mistake. */
const MAX_NODES = 16;
/** Who sends everything through one internet gateway. */
const MAX_USERS = 4096;

const RangesField = () =>
  TextListField({
    optional: true,
    maxItems: MAX_RANGES,
    description: `Kind egress: the ranges behind it, at most ${MAX_RANGES}; of two gateways the longer prefix wins`,
    example: ['10.20.0.0/16'],
  });
const NodesField = (optional: boolean) =>
  TextListField({
    optional,
    maxItems: MAX_NODES,
    description: `Names or ids of its nodes in order of preference, at most ${MAX_NODES}: one serves, the others stand by`,
    example: ['gw-1', 'gw-2'],
  });
const MasqueradeField = () =>
  BooleanField({
    optional: true,
    description:
      "Traffic leaves with the gateway's own address; at first true for egress and internet, false for the others. Without it the source address survives, and `status` says which return route is needed",
  });

@ApiSchema({ name: 'Probe' })
export class ProbeBody {
  @TextField({
    maxLength: 64,
    description: 'Literal address behind the gateway that each of its nodes tries from its own side',
    example: '10.20.0.10',
  })
  address!: string;

  @WholeNumberField({
    min: 1,
    max: 65535,
    optional: true,
    nullable: true,
    description: 'TCP port; null or left out: ICMP echo',
    example: 443,
  })
  port?: number | null;
}

@ApiSchema({ name: 'GatewayUserNames' })
export class GatewayUsersBody {
  @TextListField({ optional: true, maxItems: MAX_USERS, description: 'Names or ids of nodes', example: ['web-1'] })
  nodes?: string[];

  @TextListField({
    optional: true,
    maxItems: MAX_USERS,
    description: 'Names or ids of clients',
    example: ['ana-phone'],
  })
  clients?: string[];
}

const UsersField = () =>
  ObjectField({
    optional: true,
    of: GatewayUsersBody,
    description: 'Kind internet: who sends everything through it',
  });

export class CreateGatewayBody {
  @TextField({ description: 'One DNS label, lower case', example: 'office' })
  name!: string;

  @ChoiceField({
    choices: GATEWAY_KINDS,
    description:
      'egress: into private ranges behind its nodes; ingress: for clients with stock WireGuard; internet: for everything; cluster: the door of a cluster',
  })
  kind!: GatewayKind;

  @NodesField(false)
  nodes!: string[];

  @RangesField()
  ranges?: string[];

  @MasqueradeField()
  masquerade?: boolean;

  @ObjectField({
    optional: true,
    nullable: true,
    of: ProbeBody,
    description:
      'What proves that a node reaches what is behind the gateway; null or left out: only signs of life count',
  })
  probe?: ProbeBody | null;

  @TextField({
    optional: true,
    description: 'Kind cluster: name or id of the cluster whose door it is',
    example: 'berlin',
  })
  cluster?: string;

  @UsersField()
  users?: GatewayUsersBody;
}

export class ChangeGatewayBody {
  @RangesField()
  ranges?: string[];

  @MasqueradeField()
  masquerade?: boolean;

  @NodesField(true)
  nodes?: string[];

  @ObjectField({ optional: true, nullable: true, of: ProbeBody, description: 'null: none' })
  probe?: ProbeBody | null;

  @UsersField()
  users?: GatewayUsersBody;
}

export class DrainGatewayBody {
  @TextField({ description: 'Name or id of one of its nodes', example: 'gw-1' })
  node!: string;

  @BooleanField({
    optional: true,
    description: 'true or left out: it serves only while no other can; false: it may serve again',
  })
  draining?: boolean;
}

export class DeleteGatewayQuery {
  @ApiPropertyOptional({ type: Boolean, description: 'Revoke the clients behind it too' })
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsOptional()
  @IsIn([true, false], { message: 'must be true or false' })
  force?: boolean;
}

@ApiSchema({ name: 'ProbeTarget' })
class ProbeTargetDto implements ProbeTarget {
  @ApiProperty({ example: '10.20.0.10' })
  address!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'TCP port; null: ICMP echo' })
  port!: number | null;
}

@ApiSchema({ name: 'GatewayUsers' })
class GatewayUsersDto {
  @ApiProperty({ type: [NodeReferenceDto] })
  nodes!: NodeReferenceDto[];

  @ApiProperty({ type: [ClientReferenceDto] })
  clients!: ClientReferenceDto[];
}

@ApiSchema({ name: 'Gateway' })
export class GatewayDto {
  @ApiProperty({ format: 'uuid' })
  gatewayId!: string;

  @ApiProperty({ example: 'office' })
  name!: string;

  @ApiProperty({ enum: GATEWAY_KINDS })
  kind!: GatewayKind;

  @ApiProperty({ type: [String], description: 'Kind egress: the ranges behind it', example: ['10.20.0.0/16'] })
  ranges!: string[];

  @ApiProperty({ description: "Traffic leaves with the gateway's own address" })
  masquerade!: boolean;

  @ApiProperty({ type: [NodeReferenceDto], description: 'Its nodes in order of preference' })
  nodes!: NodeReferenceDto[];

  @ApiProperty({ type: ProbeTargetDto, nullable: true, description: 'null: only signs of life count' })
  probe!: ProbeTarget | null;

  @ApiProperty({ type: ClusterReferenceDto, nullable: true, description: 'Kind cluster: whose door it is' })
  cluster!: ClusterReferenceDto | null;

  @ApiProperty({ description: 'Kind internet: who sends everything through it' })
  users!: GatewayUsersDto;

  @ApiProperty({ type: NodeReferenceDto, nullable: true, description: 'The node that serves; null: none' })
  active!: NodeReferenceDto | null;

  @ApiProperty({ type: [NodeReferenceDto], description: 'Nodes that serve only while no other can' })
  draining!: NodeReferenceDto[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

/** A view with the names of what it refers to. */
export function gatewayDto(state: NetworkState, gateway: GatewayView): GatewayDto {
  const { members, active, draining, clusterId, users, ...rest } = gateway;
  const node = (nodeId: string) => nodeReference(state, nodeId);
  return {
    ...rest,
    nodes: members.map(node),
    cluster: clusterId === null ? null : clusterReference(state, clusterId),
    users: {
      nodes: users.nodes.map(node),
      clients: users.clients.map((clientId) => clientReference(state, clientId)),
    },
    active: active === null ? null : node(active),
    draining: draining.map(node),
  };
}
