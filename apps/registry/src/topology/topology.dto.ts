import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ClientDto } from '../clients/client.dto.js';
import { ClusterLinkDto } from '../cluster-links/cluster-link.dto.js';
import { ClusterDto } from '../clusters/cluster.dto.js';
import { EventDto } from '../events/event.dto.js';
import { PublicationDto } from '../publications/publication.dto.js';
import { GatewayDto } from '../gateways/gateway.dto.js';

const POINT = 'Version of the log, or time (ISO 8601 with zone)';

export class TopologyQuery {
  @ApiPropertyOptional({ description: `${POINT}; left out: now` })
  @IsOptional()
  @MaxLength(64)
  @IsString()
  at?: string;

  @ApiPropertyOptional({ description: 'Name or id of the one node to show' })
  @IsOptional()
  @MaxLength(64)
  @IsString()
  node?: string;
}

export class DiffQuery {
  @ApiProperty({ description: POINT })
  @MaxLength(64)
  @IsNotEmpty()
  @IsString()
  from!: string;

  @ApiProperty({ description: POINT })
  @MaxLength(64)
  @IsNotEmpty()
  @IsString()
  to!: string;
}

class PeerDto {
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: the peer is a client' })
  nodeId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: the peer is a node' })
  clientId!: string | null;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['direct'] })
  path!: 'direct';

  @ApiProperty({ type: String, nullable: true, description: 'Where it is called; null: it calls' })
  endpoint!: string | null;

  @ApiProperty({ type: [String] })
  allowedIps!: string[];
}

@ApiSchema({ name: 'TopologyNode' })
export class TopologyNodeDto {
  @ApiProperty({ format: 'uuid' })
  nodeId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: [String] })
  addresses!: string[];

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ type: String, nullable: true })
  site!: string | null;

  @ApiProperty({ type: [PeerDto] })
  peers!: PeerDto[];
}

class TopologyNetworkDto {
  @ApiProperty({ format: 'uuid' })
  networkId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true })
  cidr!: string | null;

  @ApiProperty({ type: String, nullable: true })
  cidr6!: string | null;
}

@ApiSchema({ name: 'Topology' })
export class TopologyDto {
  @ApiProperty()
  network!: TopologyNetworkDto;

  @ApiProperty({ type: 'integer', description: 'Log version that it follows from' })
  version!: number;

  @ApiProperty({ type: [ClusterDto], description: 'By name' })
  clusters!: ClusterDto[];

  @ApiProperty({ type: [ClusterLinkDto], description: 'Links of clusters, oldest first' })
  links!: ClusterLinkDto[];

  @ApiProperty({ type: [GatewayDto], description: 'By name' })
  gateways!: GatewayDto[];

  @ApiProperty({ type: [ClientDto], description: 'By name' })
  clients!: ClientDto[];

  @ApiProperty({ type: [PublicationDto], description: 'Oldest first' })
  publications!: PublicationDto[];

  @ApiProperty({ type: [TopologyNodeDto], description: 'By name' })
  nodes!: TopologyNodeDto[];
}

@ApiSchema({ name: 'NodeChange' })
export class NodeChangeDto {
  @ApiProperty({ format: 'uuid' })
  nodeId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['added', 'removed', 'changed'] })
  change!: 'added' | 'removed' | 'changed';

  @ApiProperty({ type: [String], description: 'Resources that are new or differ', example: ['peer/web-1'] })
  upserts!: string[];

  @ApiProperty({ type: [String], description: 'Resources that go' })
  removed!: string[];
}

@ApiSchema({ name: 'Diff' })
export class DiffDto {
  @ApiProperty({ type: 'integer' })
  from!: number;

  @ApiProperty({ type: 'integer' })
  to!: number;

  @ApiProperty({ type: [EventDto], description: 'After `from`, up to `to`' })
  facts!: EventDto[];

  @ApiProperty({ type: [NodeChangeDto], description: 'What the nodes were told' })
  nodes!: NodeChangeDto[];
}
