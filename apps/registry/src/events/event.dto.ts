import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import type { AnyFact, Metadata, RecordedFact } from '#contracts/facts.js';
import { NumberInQuery } from '../http/page.dto.js';
import { MAX_PAGE } from '../http/paging.js';

export class EventsQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'Only facts after this version; 0: from the first' })
  @NumberInQuery()
  @IsOptional()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  @IsInt()
  after?: number;

  @ApiPropertyOptional({
    type: String,
    example: 'NodeEnrolled,NodeRemoved',
    description: 'Only facts of these types, separated by commas',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsOptional()
  @Matches(/^[A-Z][A-Za-z]{0,63}$/, { each: true, message: 'must be names of fact types, separated by commas' })
  @ArrayMaxSize(64)
  types?: string[];

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_PAGE, default: 100 })
  @NumberInQuery()
  @IsOptional()
  @Min(1)
  @Max(MAX_PAGE)
  @IsInt()
  limit?: number;

  @ApiPropertyOptional({ description: '`nextCursor` of the page before; instead of `after`' })
  @IsOptional()
  @MaxLength(512)
  @IsString()
  cursor?: string;
}

class MetadataDto implements Metadata {
  @ApiProperty({ example: 'token/admin' })
  actor!: string;

  @ApiProperty()
  commandId!: string;

  @ApiProperty({ required: false })
  causationId?: string;

  @ApiProperty({ required: false })
  correlationId?: string;

  @ApiProperty({ format: 'date-time', description: 'When it was decided' })
  at!: string;
}

@ApiSchema({ name: 'Event' })
export class EventDto implements Omit<RecordedFact, 'stream' | 'type' | 'data'> {
  @ApiProperty({ type: 'integer', description: 'Counts 1, 2, 3… per network, without gaps' })
  version!: number;

  @ApiProperty({ type: String, example: 'NodeEnrolled' })
  type!: AnyFact['type'];

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'By type; docs/events.md' })
  data!: AnyFact['data'];

  @ApiProperty()
  metadata!: MetadataDto;

  @ApiProperty({ description: "SHA-256, hex, of the predecessor's hash and this fact" })
  hash!: string;

  @ApiProperty({ format: 'date-time', description: 'When the log stored it' })
  recordedAt!: string;
}

/** A fact as the API shows it; the network is in the path. */
export function eventView({ version, type, data, metadata, hash, recordedAt }: RecordedFact): EventDto {
  return { version, type, data, metadata, hash, recordedAt };
}
