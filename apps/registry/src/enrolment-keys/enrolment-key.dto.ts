import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { Labels } from '#contracts/facts.js';
import type { EnrolmentKeyView } from '#topology/view.js';
import { LabelsField, TextField, WholeNumberField } from '../http/fields.js';

const YEAR_SECONDS = 366 * 24 * 3600;

export class CreateEnrolmentKeyBody {
  @WholeNumberField({
    min: 1,
    max: 1_000_000,
    optional: true,
    nullable: true,
    description: 'Enrolments it admits; null or left out: any number',
  })
  uses?: number | null;

  @TextField({
    optional: true,
    nullable: true,
    maxLength: 64,
    example: '2027-01-31T12:00:00Z',
    description: 'ISO 8601; null: never; neither this nor expiresIn: a day from now',
  })
  expiresAt?: string | null;

  @WholeNumberField({
    min: 1,
    max: YEAR_SECONDS,
    optional: true,
    description: 'Instead of expiresAt: seconds from now',
  })
  expiresIn?: number;

  @WholeNumberField({
    min: 60,
    max: YEAR_SECONDS,
    optional: true,
    nullable: true,
    description: 'Nodes that join with it are removed after so many seconds of silence; null or left out: never',
  })
  ephemeralTtl?: number | null;

  @LabelsField({ optional: true, description: 'Labels of every node that joins with it' })
  labels?: Labels;

  @TextField({ optional: true, nullable: true, description: 'Site of every node that joins with it' })
  site?: string | null;
}

@ApiSchema({ name: 'EnrolmentKey' })
export class EnrolmentKeyDto implements EnrolmentKeyView {
  @ApiProperty({ format: 'uuid' })
  keyId!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Enrolments it admits; null: any number' })
  uses!: number | null;

  @ApiProperty({ type: 'integer', description: 'Enrolments admitted so far' })
  used!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: never' })
  expiresAt!: string | null;

  @ApiProperty()
  revoked!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Seconds; null: nodes that join with it stay' })
  ephemeralTtl!: number | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  labels!: Labels;

  @ApiProperty({ type: String, nullable: true })
  site!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

@ApiSchema({ name: 'CreatedEnrolmentKey' })
export class CreatedEnrolmentKeyDto extends EnrolmentKeyDto {
  @ApiProperty({ description: 'The one string that a node needs to join. It is shown here and nowhere else.' })
  token!: string;
}
