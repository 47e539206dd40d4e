import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { ClientView } from '#topology/gateway-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { MAX_RANGES } from '#topology/range-fields.js';
import { GatewayReferenceDto, gatewayReference } from '../gateways/gateway-reference.js';
import { TextField, TextListField } from '../http/fields.js';

const PUBLIC_KEY = 'WireGuard public key, base64; its private half never leaves the side of the client';
const KEY_EXAMPLE = 'HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=';

export class CreateClientBody {
  @TextField({ description: 'One DNS label, lower case; nodes and clients share the names', example: 'ana-phone' })
  name!: string;

  @TextField({ description: PUBLIC_KEY, example: KEY_EXAMPLE })
  publicKey!: string;

  @TextField({ description: 'Name or id of a gateway of kind ingress', example: 'door' })
  gateway!: string;

  @TextListField({
    optional: true,
    maxItems: MAX_RANGES,
    description: `Ranges it may reach, at most ${MAX_RANGES}; the network's if left out. 0.0.0.0/0 and ::/0 allow the internet too`,
    example: ['10.90.0.0/16'],
  })
  allowed?: string[];
}

@ApiSchema({ name: 'Client' })
export class ClientDto {
  @ApiProperty({ format: 'uuid' })
  clientId!: string;

  @ApiProperty({ example: 'ana-phone' })
  name!: string;

  @ApiProperty({ description: PUBLIC_KEY, example: KEY_EXAMPLE })
  publicKey!: string;

  @ApiProperty({ type: [String], description: 'Mesh addresses, IPv4 first', example: ['10.90.0.7'] })
  addresses!: string[];

  @ApiProperty({ description: 'The gateway that it connects to' })
  gateway!: GatewayReferenceDto;

  @ApiProperty({ type: [String], description: 'Ranges it may reach', example: ['10.90.0.0/16'] })
  allowed!: string[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

@ApiSchema({ name: 'ClientConfigPeer' })
class ClientConfigPeerDto {
  @ApiProperty({ description: 'Public key of the node that serves the gateway', example: KEY_EXAMPLE })
  publicKey!: string;

  @ApiProperty({ description: 'Where it is called, ADDRESS:PORT', example: '203.0.113.7:51820' })
  endpoint!: string;
}

@ApiSchema({ name: 'ClientConfig' })
export class ClientConfigDto {
  @ApiProperty({ type: [String], description: 'With full prefix length', example: ['10.90.0.7/32'] })
  addresses!: string[];

  @ApiProperty({ type: 'integer', example: 1420 })
  mtu!: number;

  @ApiProperty({ type: [String], description: 'What it sends through the tunnel', example: ['10.90.0.0/16'] })
  allowedIps!: string[];

  @ApiProperty({ type: 'integer', description: 'Seconds between keepalives: clients are behind NAT', example: 25 })
  keepalive!: number;

  @ApiProperty()
  peer!: ClientConfigPeerDto;

  @ApiProperty({
    type: [String],
    nullable: true,
    description:
      'Name servers to use; null: those it has. A client that sends everything through an internet gateway leaks names to a resolver of its own network: set one that is reached through the tunnel',
  })
  dns!: string[] | null;

  @ApiProperty({
    description:
      "A file for wg-quick, whole but for the value of its line `PrivateKey = `, which the client's side fills in",
    example:
      '[Interface]\nPrivateKey = \nAddress = 10.90.0.7/32\nMTU = 1420\n\n[Peer]\nPublicKey = HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\nAllowedIPs = 10.90.0.0/16\nEndpoint = 203.0.113.7:51820\nPersistentKeepalive = 25\n',
  })
  text!: string;
}

/** A view with the name of its gateway. */
export const clientDto = (state: NetworkState, { gatewayId, ...client }: ClientView): ClientDto => ({
  ...client,
  gateway: gatewayReference(state, gatewayId),
});
