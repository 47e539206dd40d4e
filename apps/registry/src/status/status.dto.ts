import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { GatewayKind } from '#contracts/gateway-facts.js';
import { GatewayReferenceDto } from '../gateways/gateway-reference.js';
import { GATEWAY_KINDS } from '../gateways/gateway.dto.js';
import { NumberInQuery } from '../http/page.dto.js';
import { DEFAULT_PAGE, MAX_PAGE } from '../http/paging.js';
import { NodeReferenceDto } from '../nodes/node-reference.js';
import { PairPathPageDto } from '../paths/path.dto.js';
import type { NodeObservation } from './node-liveness.js';

class HeldDto {
  @ApiProperty({ type: 'integer' })
  epoch!: number;

  @ApiProperty({ type: 'integer' })
  revision!: number;

  @ApiProperty()
  digest!: string;
}

class PlannedDto {
  @ApiProperty({ description: 'Digest of the set that it shall hold' })
  digest!: string;
}

class ResourceErrorDto {
  @ApiProperty()
  resource!: string;

  @ApiProperty()
  message!: string;
}

class RejectedDto {
  @ApiProperty({ type: 'integer' })
  revision!: number;

  @ApiProperty({ type: [ResourceErrorDto] })
  errors!: ResourceErrorDto[];
}

class AgentDto {
  @ApiProperty()
  version!: string;

  @ApiProperty({ enum: ['kernel', 'userspace', 'none'] })
  backend!: string;

  @ApiProperty({ type: 'integer' })
  peers!: number;

  @ApiProperty({ type: 'integer', description: 'Drift repaired since it started' })
  repairs!: number;
}

@ApiSchema({ name: 'NodeStatus' })
export class NodeStatusDto implements Omit<NodeObservation, 'lastSeen'> {
  @ApiProperty({ format: 'uuid' })
  nodeId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null: this replica has not heard it since it started',
  })
  lastSeen!: string | null;

  @ApiProperty()
  planned!: PlannedDto;

  @ApiProperty({ type: HeldDto, nullable: true, description: 'What it says it holds' })
  held!: HeldDto | null;

  @ApiProperty({ description: 'It holds what it shall' })
  inSync!: boolean;

  @ApiProperty({ type: RejectedDto, nullable: true, description: 'A revision that it refuses' })
  rejected!: RejectedDto | null;

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description: 'An operator signed its key and addresses; null: there is no lock',
  })
  signed!: boolean | null;

  @ApiProperty({
    type: [ResourceErrorDto],
    description: 'What it leaves out of what it holds, because no operator signed it; the first ones',
  })
  refused!: ResourceErrorDto[];

  @ApiProperty({ type: AgentDto, nullable: true })
  agent!: AgentDto | null;
}

@ApiSchema({ name: 'GatewayMemberStatus' })
class GatewayMemberStatusDto extends NodeReferenceDto {
  @ApiProperty({ description: 'A node that is disabled or gone serves nobody' })
  enabled!: boolean;

  @ApiProperty({ description: 'It serves' })
  active!: boolean;

  @ApiProperty({ description: 'It serves only while no other can' })
  draining!: boolean;

  @ApiProperty({ type: Boolean, nullable: true, description: 'Whether it can serve; null: nothing is known' })
  ok!: boolean | null;

  @ApiProperty({ type: String, nullable: true, description: 'What its last probe said, or why it is not ok' })
  detail!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Its newest sign of life' })
  heardAt!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Seconds since its newest handshake with any peer' })
  handshakeAge!: number | null;
}

@ApiSchema({ name: 'GatewayStatus' })
export class GatewayStatusDto extends GatewayReferenceDto {
  @ApiProperty({ enum: GATEWAY_KINDS })
  kind!: GatewayKind;

  @ApiProperty({ type: NodeReferenceDto, nullable: true, description: 'The node that serves; null: none' })
  active!: NodeReferenceDto | null;

  @ApiProperty({ type: [NodeReferenceDto] })
  draining!: NodeReferenceDto[];

  @ApiProperty({ type: [GatewayMemberStatusDto], description: 'Its nodes in order of preference' })
  members!: GatewayMemberStatusDto[];

  @ApiProperty({
    type: [String],
    description: 'What is left to do outside of Tombolo, for instance a return route',
    example: [
      'Machines in 10.20.0.0/16 need a route to 10.90.0.0/16 through node "gw-1", which serves: its source addresses arrive there as they are.',
    ],
  })
  needs!: string[];
}

@ApiSchema({ name: 'NetworkStatus' })
export class NetworkStatusDto {
  @ApiProperty()
  network!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that it follows from' })
  version!: number;

  @ApiProperty({ type: [NodeStatusDto], description: 'By name' })
  nodes!: NodeStatusDto[];

  @ApiProperty({ type: [GatewayStatusDto], description: 'By name' })
  gateways!: GatewayStatusDto[];

  @ApiProperty({
    description: 'What is known of the health of gateways was told; false: the gateway-manager did not answer',
  })
  gatewaysKnown!: boolean;

  @ApiProperty({ description: 'How the first pairs of nodes reach each other' })
  paths!: PairPathPageDto;

  @ApiProperty({
    description:
      'How the paths are was told; false: the relay-planner did not answer, and only what follows from the log is known',
  })
  pathsKnown!: boolean;
}

export class StatusQuery {
  @ApiPropertyOptional({ description: 'Of paths only those of this node, by name or id' })
  @IsOptional()
  @MaxLength(64)
  @IsString()
  node?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
    description: 'So many paths at most; the others come with `GET /networks/{network}/paths`',
  })
  @NumberInQuery()
  @IsOptional()
  @Min(0)
  @Max(MAX_PAGE)
  @IsInt()
  paths?: number;
}
