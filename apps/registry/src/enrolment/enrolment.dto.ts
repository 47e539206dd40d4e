import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { EnrolRequest, EnrolResponse, NodeProof } from '#contracts/enrolment.js';
import type { Labels } from '#contracts/facts.js';
import { ChoiceField, LabelsField, ListField, ObjectField, TextField } from '../http/fields.js';
import { DelegationDto } from '../lock/lock.dto.js';
import { EndpointDto, MAX_ENDPOINTS } from '../nodes/node.dto.js';
import type { NodeLogin } from '../registry.options.js';

export class EnrolBody implements EnrolRequest {
  @TextField({ description: 'Name of the node in its network: one DNS label', example: 'web-1' })
  name!: string;

  @TextField({ description: 'WireGuard public key, base64 of 32 bytes' })
  publicKey!: string;

  @TextField({ description: 'X25519 public key that desired state is sealed for, base64 of 32 bytes' })
  controlKey!: string;

  @TextField({ description: 'Public NATS user key (U…) that logins are made for' })
  natsKey!: string;

  @ListField({ optional: true, of: EndpointDto, maxItems: MAX_ENDPOINTS, description: 'Where it can be called' })
  endpoints?: EndpointDto[];

  @LabelsField({ optional: true, description: 'Labels; those of the key win over these' })
  labels?: Labels;

  @TextField({ optional: true, description: 'Site; that of the key wins over this' })
  site?: string;
}

export class RefreshProofBody implements NodeProof {
  @ChoiceField({ choices: ['refresh'], description: 'What the proof is for' })
  action!: 'refresh';

  @TextField({ maxLength: 64, description: 'When it was signed, ISO 8601; five minutes off at most' })
  at!: string;

  @TextField({
    maxLength: 128,
    description: 'Ed25519 signature by the NATS user key over `refresh:<node id>:<at>`, base64',
  })
  signature!: string;
}

export class LeaveProofBody implements NodeProof {
  @ChoiceField({ choices: ['leave'], description: 'What the proof is for' })
  action!: 'leave';

  @TextField({ maxLength: 64, description: 'When it was signed, ISO 8601; five minutes off at most' })
  at!: string;

  @TextField({
    maxLength: 128,
    description: 'Ed25519 signature by the NATS user key over `leave:<node id>:<at>`, base64',
  })
  signature!: string;
}

export class RotateKeyProofBody implements NodeProof {
  @ChoiceField({ choices: ['rotate-key'], description: 'What the proof is for' })
  action!: 'rotate-key';

  @TextField({ maxLength: 64, description: 'When it was signed, ISO 8601; five minutes off at most' })
  at!: string;

  @TextField({ description: 'The new WireGuard public key, base64 of 32 bytes' })
  publicKey!: string;

  @TextField({
    maxLength: 128,
    description: 'Ed25519 signature by the NATS user key over `rotate-key:<node id>:<at>:<publicKey>`, base64',
  })
  signature!: string;
}

@ApiSchema({ name: 'OwnMembership' })
export class OwnMembershipDto {
  @TextField({ description: 'Public half of the key in the enrolment token, Ed25519, base64' })
  by!: string;

  @TextField({ description: 'By that key over the record of this node, base64' })
  signature!: string;

  @ObjectField({ of: DelegationDto, description: 'What an operator signed of that key' })
  delegation!: DelegationDto;
}

export class MembershipProofBody implements NodeProof {
  @ChoiceField({ choices: ['membership'], description: 'What the proof is for' })
  action!: 'membership';

  @TextField({ maxLength: 64, description: 'When it was signed, ISO 8601; five minutes off at most' })
  at!: string;

  @ObjectField({ of: OwnMembershipDto, description: 'What the node signed of itself' })
  signed!: OwnMembershipDto;

  @TextField({
    maxLength: 128,
    description: 'Ed25519 signature by the NATS user key over `membership:<node id>:<at>`, base64',
  })
  signature!: string;
}

@ApiSchema({ name: 'NodeLogin' })
export class NodeLoginDto implements NodeLogin {
  @ApiProperty({ type: [String], example: ['tls://10.0.0.1:4222'] })
  urls!: string[];

  @ApiProperty({ description: 'NATS user JWT; worth nothing without the seed that the node made' })
  jwt!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;
}

@ApiSchema({ name: 'Enrolled' })
export class EnrolledDto implements EnrolResponse {
  @ApiProperty({ format: 'uuid' })
  nodeId!: string;

  @ApiProperty({ description: 'Name of the network' })
  network!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: [String], description: 'Mesh addresses, IPv4 first' })
  addresses!: string[];

  @ApiProperty({ description: 'X25519 public key of the controller, base64' })
  controllerKey!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'PEM of the authority of HTTP and NATS; null: system roots or no TLS',
  })
  ca!: string | null;

  @ApiProperty()
  nats!: NodeLoginDto;

  @ApiProperty({ type: 'integer', description: 'Log version of the enrolment' })
  version!: number;
}
