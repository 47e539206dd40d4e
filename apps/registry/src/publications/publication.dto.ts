import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { PublicationRecord } from '#contracts/gateway-facts.js';
import type { PublicationView } from '#topology/gateway-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { ClusterReferenceDto, clusterReference } from '../clusters/cluster-reference.js';
import { ChoiceField, ObjectField, TextField, WholeNumberField } from '../http/fields.js';

const PROTOCOLS: readonly PublicationRecord['protocol'][] = ['tcp', 'udp'];

const AddressField = (optional: boolean, description: string) =>
  TextField({ optional, maxLength: 64, description, example: optional ? '10.90.0.20' : '10.43.0.10' });
const PortField = () => WholeNumberField({ min: 1, max: 65535, description: 'TCP or UDP port', example: 443 });

@ApiSchema({ name: 'PublishedService' })
export class PublishedServiceBody {
  @AddressField(false, "Literal address in the cluster's service or pod ranges")
  address!: string;

  @PortField()
  port!: number;
}

@ApiSchema({ name: 'PublishedAs' })
export class PublishedAsBody {
  @AddressField(
    true,
    "Literal mesh address, free or that of a node of the cluster's gateway; left out: the one the cluster publishes on already, else a free one",
  )
  address?: string;

  @PortField()
  port!: number;
}

export class CreatePublicationBody {
  @TextField({ description: 'Name or id of an island or archipelago', example: 'berlin' })
  cluster!: string;

  @ObjectField({ of: PublishedServiceBody, description: 'The service inside the cluster' })
  service!: PublishedServiceBody;

  @ChoiceField({ choices: PROTOCOLS, optional: true, description: 'tcp if left out' })
  protocol?: PublicationRecord['protocol'];

  @ObjectField({ of: PublishedAsBody, description: 'Where the mesh reaches it' })
  mesh!: PublishedAsBody;
}

@ApiSchema({ name: 'AddressPort' })
class AddressPortDto {
  @ApiProperty({ example: '10.90.0.20' })
  address!: string;

  @ApiProperty({ type: 'integer', example: 443 })
  port!: number;
}

@ApiSchema({ name: 'Publication' })
export class PublicationDto {
  @ApiProperty({ format: 'uuid' })
  publicationId!: string;

  @ApiProperty()
  cluster!: ClusterReferenceDto;

  @ApiProperty({ enum: PROTOCOLS })
  protocol!: PublicationRecord['protocol'];

  @ApiProperty({ description: 'Inside the cluster' })
  service!: AddressPortDto;

  @ApiProperty({ description: 'On the mesh' })
  mesh!: AddressPortDto;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

/** A view with the name of its cluster. */
export const publicationDto = (
  state: NetworkState,
  { clusterId, ...publication }: PublicationView,
): PublicationDto => ({ ...publication, cluster: clusterReference(state, clusterId) });
