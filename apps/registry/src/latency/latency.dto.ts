import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQuery } from '../http/page.dto.js';
import { NodeReferenceDto } from '../nodes/node-reference.js';

/** Nodes whose pairs can be asked for at once. */
const MOST_NODES = 100;

export class LatencyQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only pairs with this node, by name or id' })
  @IsOptional()
  @MaxLength(64)
  @IsString()
  node?: string;

  @ApiPropertyOptional({
    type: String,
    example: 'web-1,web-2,db-1',
    description: `Only pairs of these nodes, by names or ids, separated by commas; up to ${MOST_NODES}`,
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsOptional()
  @MaxLength(64, { each: true })
  @ArrayMaxSize(MOST_NODES)
  among?: string[];
}

export const PATHS = ['lan', 'public', 'punched', 'relayed', 'none'] as const;
export const LINKS = ['up', 'unanswered', 'unknown'] as const;

@ApiSchema({ name: 'PairLatency' })
export class PairLatencyDto {
  @ApiProperty({ type: NodeReferenceDto, description: 'Its name is before that of the other' })
  a!: NodeReferenceDto;

  @ApiProperty({ type: NodeReferenceDto })
  b!: NodeReferenceDto;

  @ApiProperty({ enum: PATHS, description: 'How packets between them travel' })
  path!: (typeof PATHS)[number];

  @ApiProperty({ type: [NodeReferenceDto], description: 'The relays between them, from the first node to the second' })
  via!: NodeReferenceDto[];

  @ApiProperty({
    enum: LINKS,
    description: '`unanswered`: one called the other, and nothing came; `unknown`: neither has told lately',
  })
  link!: (typeof LINKS)[number];

  @ApiProperty({ type: Number, nullable: true, description: 'Round-trip time, milliseconds; null: not known' })
  rtt!: number | null;

  @ApiProperty({
    description: 'The time and the state are not of the pair itself, but those of its hops by way of relays together',
  })
  byHops!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When it was told; null: never' })
  heardAt!: string | null;
}
