import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';
import type { Delegation } from '#contracts/delegation.js';
import { type LockEntry, MOST_LOCK_KEYS, MOST_REVOKED } from '#contracts/membership-lock.js';
import type { LockMemberView, LockView } from '#topology/lock-view.js';
import { BooleanField, ListField, ObjectField, TextField, TextListField, WholeNumberField } from '../http/fields.js';
import { PageQuery } from '../http/page.dto.js';
import type { SignedMember } from './sign-members.decider.js';

/** A request of so many is far from the largest body that is taken. */
const MOST_SIGNATURES = 500;

@ApiSchema({ name: 'Delegation' })
export class DelegationDto implements Delegation {
  @TextField({ description: 'Id of the network' })
  networkId!: string;

  @TextField({ description: 'Id of the enrolment key that it is for' })
  keyId!: string;

  @TextField({ description: 'Ed25519, base64; the secret half is in the enrolment token' })
  publicKey!: string;

  @TextField({ maxLength: 64, description: 'What it signed counts until then, ISO 8601 UTC with milliseconds' })
  until!: string;

  @TextField({ description: "The operator's public key" })
  by!: string;

  @TextField({ description: 'Ed25519, base64' })
  signature!: string;
}

@ApiSchema({ name: 'LockEntry' })
export class LockEntryDto {
  @TextField({ description: 'Id of the network' })
  networkId!: string;

  @WholeNumberField({ min: 1, max: Number.MAX_SAFE_INTEGER, description: 'One more than that of the entry before' })
  serial!: number;

  @TextField({ nullable: true, description: 'Hash of the entry before, hex; null for the first' })
  previous!: string | null;

  @TextListField({ maxItems: 2, description: 'Ranges of the mesh; they never change' })
  ranges!: string[];

  @TextListField({
    maxItems: MOST_LOCK_KEYS,
    description: "Operators' public keys (Ed25519, base64), sorted; none: off",
  })
  keys!: string[];

  @TextField({ description: 'SHA-256, hex, of the secret that takes the lock off' })
  disablement!: string;

  @TextListField({
    optional: true,
    maxItems: MOST_REVOKED,
    description: 'Ids of enrolment keys that sign nobody any more',
  })
  revoked?: string[];

  @TextField({ optional: true, description: 'Key that signed it, trusted by the entry before' })
  by?: string;

  @TextField({ optional: true, description: 'Ed25519, base64' })
  signature?: string;

  @TextField({ optional: true, description: 'Instead of a signature, for taking the lock off' })
  secret?: string;
}

export class ChangeLockBody {
  @ObjectField({ of: LockEntryDto, description: "As an operator's machine signed it" })
  entry!: LockEntryDto;
}

@ApiSchema({ name: 'MemberSignature' })
export class MemberSignatureDto implements SignedMember {
  @TextField({ description: 'Id of the node, client or publication' })
  memberId!: string;

  @TextField({ nullable: true, description: 'WireGuard key that was signed; null for the address of a service' })
  publicKey!: string | null;

  @BooleanField({ optional: true, description: 'It was signed that others may be reached through it' })
  mayCarry?: boolean;

  @TextField({ description: "The operator's public key, or the one of the delegation" })
  by!: string;

  @TextField({ description: 'Ed25519, base64' })
  signature!: string;

  @ObjectField({ optional: true, of: DelegationDto, description: 'The node signed itself with the key in its token' })
  delegation?: DelegationDto;
}

export class SignMembersBody {
  @ListField({ of: MemberSignatureDto, maxItems: MOST_SIGNATURES, description: 'Signatures of members' })
  signatures!: MemberSignatureDto[];
}

@ApiSchema({ name: 'Lock' })
export class LockDto implements LockView {
  @ApiProperty({ format: 'uuid' })
  networkId!: string;

  @ApiProperty({ description: 'Members need a signature' })
  on!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Names this lock for ever; null: there never was one' })
  fingerprint!: string | null;

  @ApiProperty({ type: 'integer', description: 'Of the newest entry; 0: there is none' })
  serial!: number;

  @ApiProperty({ type: [String], description: 'Ranges of the mesh' })
  ranges!: string[];

  @ApiProperty({ type: [String], description: "Operators' keys that count" })
  keys!: string[];

  @ApiProperty({ type: [String], description: 'Ids of enrolment keys that operators signed, and took back' })
  revoked!: string[];

  @ApiProperty({ type: [LockEntryDto], description: 'All entries, as they were signed' })
  chain!: readonly LockEntry[];

  @ApiProperty({ type: 'integer', description: 'Nodes, keys on offer, clients and services' })
  members!: number;

  @ApiProperty({ type: 'integer', description: 'Members without a signature that counts; 0 while the lock is off' })
  waiting!: number;
}

@ApiSchema({ name: 'LockMember' })
export class LockMemberDto implements LockMemberView {
  @ApiProperty({ enum: ['node', 'next key', 'client', 'service'] })
  kind!: LockMemberView['kind'];

  @ApiProperty({ format: 'uuid' })
  memberId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true, description: 'WireGuard key; null for the address of a service' })
  publicKey!: string | null;

  @ApiProperty({ type: [String] })
  addresses!: string[];

  @ApiProperty({ description: 'A relay, or a member of a gateway: others are to be reached through it' })
  mayCarry!: boolean;

  @ApiProperty({ type: String, nullable: true, description: "The operator's key, whether it counts or not" })
  signedBy!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'It signed itself with an enrolment key that the operator signed, which counts until then; null: it did not',
  })
  until!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Id of that enrolment key; null: it did not' })
  keyId!: string | null;

  @ApiProperty({ description: 'It was signed that others may be reached through it' })
  signedToCarry!: boolean;

  @ApiProperty({ description: 'By a key that counts, for all that it is; while the lock is off: by anybody' })
  signed!: boolean;

  @ApiProperty({
    type: String,
    enum: ['never signed', 'key removed', 'key expired', 'not to carry'],
    nullable: true,
    description:
      'Why it waits: nobody signed it; the key that did counts no more; the enrolment key that it signed itself with has expired; others are to be reached through it, and it was signed without. null: it does not wait',
  })
  waitsFor!: LockMemberView['waitsFor'];

  @ApiProperty({ type: 'integer', description: 'Log version that made it so' })
  version!: number;
}

@ApiSchema({ name: 'SignedMembers' })
export class SignedMembersDto {
  @ApiProperty({ type: 'integer' })
  recorded!: number;

  @ApiProperty({ type: [String], description: 'Ids of members that are no more, or have another key meanwhile' })
  gone!: string[];
}

export class LockMembersQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only those without a signature that counts' })
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsOptional()
  @IsBoolean()
  waiting?: boolean;
}
