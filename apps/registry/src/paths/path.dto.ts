import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { PairLatencyDto } from '../latency/latency.dto.js';

@ApiSchema({ name: 'PairPath' })
export class PairPathDto extends PairLatencyDto {
  @ApiProperty({
    description: 'Why it is this path, for people',
    example: 'nobody can call either; a direct path is tried when they talk',
  })
  why!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'When the newest of the facts was recorded that the path follows from',
  })
  since!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'Their newest handshake as it was known at `heardAt`, by way of relays that of the hop where it is oldest; null: not known',
  })
  lastHandshake!: string | null;
}

@ApiSchema({ name: 'PairPathPage' })
export class PairPathPageDto {
  @ApiProperty({ type: [PairPathDto], description: 'By the names of both nodes' })
  items!: PairPathDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: '`cursor` of `/networks/{network}/paths` for what follows; null: these are all',
  })
  nextCursor!: string | null;
}
