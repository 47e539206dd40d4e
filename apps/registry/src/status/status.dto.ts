import { ApiProperty, ApiSchema } from '@nestjs/swagger';
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

  @ApiProperty({ type: AgentDto, nullable: true })
  agent!: AgentDto | null;
}

@ApiSchema({ name: 'NetworkStatus' })
export class NetworkStatusDto {
  @ApiProperty()
  network!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that it follows from' })
  version!: number;

  @ApiProperty({ type: [NodeStatusDto], description: 'By name' })
  nodes!: NodeStatusDto[];
}
