import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { AssignmentView, RelayView } from '#topology/relay-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { TextField, WholeNumberField } from '../http/fields.js';
import { NodeReferenceDto, nodeReference } from '../nodes/node-reference.js';

@ApiSchema({ name: 'RelaySettings' })
export class SetRelayBody {
  @WholeNumberField({
    min: 1,
    max: 100_000,
    optional: true,
    description: 'Nodes that may be behind it; left out: as it is, at first 1000',
  })
  capacity?: number;
}

@ApiSchema({ name: 'RelayAssignment' })
export class AssignRelayBody {
  @TextField({
    nullable: true,
    maxLength: 64,
    description: 'Name or id of the relay; null: by measured latency and load',
    example: 'relay-1',
  })
  relay!: string | null;
}

@ApiSchema({ name: 'Relay' })
export class RelayDto {
  @ApiProperty({ type: NodeReferenceDto })
  node!: NodeReferenceDto;

  @ApiProperty({ description: 'Nodes that may be behind it' })
  capacity!: number;

  @ApiProperty({ type: [NodeReferenceDto], description: 'Nodes that others reach through it' })
  nodes!: NodeReferenceDto[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'Log version that made it so; the ETag' })
  version!: number;
}

@ApiSchema({ name: 'AssignedRelay' })
export class AssignmentDto {
  @ApiProperty({ type: NodeReferenceDto })
  node!: NodeReferenceDto;

  @ApiProperty({ type: NodeReferenceDto, nullable: true, description: 'null: none, or none needed' })
  relay!: NodeReferenceDto | null;

  @ApiProperty({ type: NodeReferenceDto, nullable: true, description: 'The relay that an operator wishes; null: any' })
  pinned!: NodeReferenceDto | null;
}

export const relayDto = (state: NetworkState, { nodeId, nodes, ...relay }: RelayView): RelayDto => ({
  node: nodeReference(state, nodeId),
  ...relay,
  nodes: nodes.map((id) => nodeReference(state, id)),
});

export const assignmentDto = (state: NetworkState, { nodeId, relayId, pinned }: AssignmentView): AssignmentDto => ({
  node: nodeReference(state, nodeId),
  relay: relayId === null ? null : nodeReference(state, relayId),
  pinned: pinned === null ? null : nodeReference(state, pinned),
});
