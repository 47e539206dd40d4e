import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { SOURCE_COMMANDS, type SourceCommand } from '#contracts/sources.js';
import type { SourceView } from '#topology/view.js';
import { TextField, TextListField } from '../http/fields.js';
import { MOST_SOURCE_NETWORKS } from './source.decider.js';

export class CreateSourceBody {
  @TextField({ description: 'One DNS label, the last word of its subjects; never given again', example: 'inventory' })
  name!: string;

  @TextListField({
    maxItems: MOST_SOURCE_NETWORKS,
    description: 'Networks that it may act on and whose facts it may hear, by name or id',
    example: ['prod'],
  })
  networks!: string[];

  @TextListField({
    maxItems: SOURCE_COMMANDS.length,
    description: `Commands that it may send: ${SOURCE_COMMANDS.join(', ')}`,
    example: ['node.offer', 'node.retire'],
  })
  allow!: SourceCommand[];

  @TextField({
    optional: true,
    description: 'Ed25519, base64 of 32 bytes: from the first on, its commands count only with a signature by this key',
  })
  publicKey?: string;
}

@ApiSchema({ name: 'SourceNetwork' })
class SourceNetworkDto {
  @ApiProperty({ format: 'uuid' })
  networkId!: string;

  @ApiProperty()
  name!: string;
}

@ApiSchema({ name: 'Source' })
export class SourceDto implements SourceView {
  @ApiProperty({ format: 'uuid' })
  sourceId!: string;

  @ApiProperty({ example: 'inventory' })
  name!: string;

  @ApiProperty({ type: [SourceNetworkDto] })
  networks!: SourceNetworkDto[];

  @ApiProperty({ enum: SOURCE_COMMANDS, isArray: true })
  allow!: SourceCommand[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Its commands are signed with this key; null: it does not sign',
  })
  publicKey!: string | null;

  @ApiProperty()
  revoked!: boolean;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

@ApiSchema({ name: 'CreatedSource' })
export class CreatedSourceDto extends SourceDto {
  @ApiProperty({ description: 'Text of a NATS credentials file. It is shown here and nowhere else.' })
  credentials!: string;

  @ApiProperty({ type: [String], description: 'Where the broker is', example: ['tls://mesh.example.org:4222'] })
  urls!: string[];
}
