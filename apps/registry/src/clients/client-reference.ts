import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { NetworkState } from '#topology/network-state.js';

@ApiSchema({ name: 'ClientReference' })
export class ClientReferenceDto {
  @ApiProperty({ format: 'uuid' })
  clientId!: string;

  @ApiProperty({ description: 'Its id where the client is gone', example: 'ana-phone' })
  name!: string;
}

/** A client as another resource names it. */
export const clientReference = ({ clients }: Pick<NetworkState, 'clients'>, clientId: string): ClientReferenceDto => ({
  clientId,
  name: clients.get(clientId)?.name ?? clientId,
});
