import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { NetworkState } from '#topology/network-state.js';

@ApiSchema({ name: 'NodeReference' })
export class NodeReferenceDto {
  @ApiProperty({ format: 'uuid' })
  nodeId!: string;

  @ApiProperty({ description: 'Its id where the node is gone', example: 'web-1' })
  name!: string;
}

/** A node as another resource names it. */
export const nodeReference = ({ nodes }: Pick<NetworkState, 'nodes'>, nodeId: string): NodeReferenceDto => ({
  nodeId,
  name: nodes.get(nodeId)?.name ?? nodeId,
});
