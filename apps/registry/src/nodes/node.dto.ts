import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { Endpoint, Labels } from '#contracts/facts.js';
import type { KeyRotation } from '#topology/network-state.js';
import type { NodeView } from '#topology/view.js';
import { BooleanField, ChoiceField, LabelsField, ListField, TextField, WholeNumberField } from '../http/fields.js';

/** A node has a handful of interfaces; more is a mistake. */
export const MAX_ENDPOINTS = 16;

@ApiSchema({ name: 'Endpoint' })
export class EndpointDto implements Endpoint {
  @TextField({ maxLength: 64, description: 'IPv4 or IPv6 address, never a name', example: '203.0.113.7' })
  address!: string;

  @WholeNumberField({ min: 1, max: 65535, description: 'UDP port', example: 51820 })
  port!: number;

  @ChoiceField({
    choices: ['public', 'lan'],
    description: 'public: reachable from anywhere; lan: only inside its site',
  })
  kind!: Endpoint['kind'];
}

export class ChangeNodeBody {
  @TextField({ optional: true, description: 'New name, one DNS label' })
  name?: string;

  @LabelsField({ optional: true, description: 'All labels: they replace those there are', example: { role: 'db' } })
  labels?: Labels;

  @TextField({
    optional: true,
    nullable: true,
    description: 'Nodes of one site reach each other by LAN endpoints; null: none',
  })
  site?: string | null;

  @ListField({
    optional: true,
    of: EndpointDto,
    maxItems: MAX_ENDPOINTS,
    description: 'All endpoints: they replace those there are',
  })
  endpoints?: EndpointDto[];
}

export class RotateKeyBody {
  @BooleanField({ optional: true, description: 'Also where external clients have the key in their files' })
  force?: boolean;
}

@ApiSchema({ name: 'KeyRotation' })
export class KeyRotationDto {
  @ApiProperty({
    enum: ['requested', 'offered', 'done'],
    description: 'requested: the node shall make a key; offered: its peers are learning it; done: it is in use',
  })
  step!: 'requested' | 'offered' | 'done';

  @ApiPropertyOptional({ description: 'The key on offer' })
  publicKey?: string;

  @ApiProperty({ type: 'integer', description: 'Log version of this step' })
  version!: number;
}

@ApiSchema({ name: 'Node' })
export class NodeDto implements NodeView {
  @ApiProperty({ format: 'uuid' })
  nodeId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'WireGuard public key, base64' })
  publicKey!: string;

  @ApiProperty({ type: [String], description: 'Mesh addresses, IPv4 first', example: ['10.90.0.1'] })
  addresses!: string[];

  @ApiProperty({ type: [EndpointDto] })
  endpoints!: EndpointDto[];

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  labels!: Labels;

  @ApiProperty({ type: String, nullable: true })
  site!: string | null;

  @ApiProperty({ description: 'A disabled node keeps its name, addresses and credentials, and has no peers' })
  enabled!: boolean;

  @ApiPropertyOptional({ type: KeyRotationDto, description: 'Once a new WireGuard key was asked for' })
  keyRotation?: KeyRotation;

  @ApiProperty({ format: 'uuid', description: 'Enrolment key it used' })
  keyId!: string;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Seconds of silence after which it is removed; null: never',
  })
  ephemeralTtl!: number | null;

  @ApiProperty({ format: 'date-time' })
  enrolledAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}
