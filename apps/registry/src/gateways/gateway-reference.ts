import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { NetworkState } from '#topology/network-state.js';

@ApiSchema({ name: 'GatewayReference' })
export class GatewayReferenceDto {
  @ApiProperty({ format: 'uuid' })
  gatewayId!: string;

  @ApiProperty({ description: 'Its id where the gateway is gone', example: 'office' })
  name!: string;
}

/** A gateway as another resource names it. */
export const gatewayReference = (
  { gateways }: Pick<NetworkState, 'gateways'>,
  gatewayId: string,
): GatewayReferenceDto => ({ gatewayId, name: gateways.get(gatewayId)?.name ?? gatewayId });
