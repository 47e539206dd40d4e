import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import type { DefaultPolicy, NetworkModel } from '#contracts/facts.js';
import type { PoolUsage } from '#ipam/pool.js';
import type { NetworkView } from '#topology/view.js';
import { DEFAULT_VIRTUAL_POOLS } from '#topology/virtual-ranges.js';
import { ChoiceField, TextField, WholeNumberField } from '../http/fields.js';

const MODELS: readonly NetworkModel[] = ['flat', 'isolated', 'island', 'archipelago'];
const POLICIES: readonly DefaultPolicy[] = ['allow', 'deny'];

const MtuField = () =>
  WholeNumberField({
    min: 1280,
    max: 9000,
    optional: true,
    description: 'MTU of the mesh interfaces, bytes; 1420 if left out',
  });
const KeepaliveField = () =>
  WholeNumberField({
    min: 0,
    max: 65535,
    optional: true,
    description: 'Seconds between keepalives of nodes behind NAT; 0: off; 25 if left out',
  });
const PolicyField = () =>
  ChoiceField({
    choices: POLICIES,
    optional: true,
    description: 'What holds for two nodes that no rule names; allow if left out',
  });

const PoolField = (family: 4 | 6) =>
  TextField({
    optional: true,
    nullable: true,
    maxLength: 64,
    example: DEFAULT_VIRTUAL_POOLS[family],
    description:
      `IPv${family} pool that virtual ranges come from when clusters overlap; null or "none": none; ` +
      `at first ${DEFAULT_VIRTUAL_POOLS[family]}. What is assigned stays when it changes`,
  });

export class CreateNetworkBody {
  @TextField({ description: 'One DNS label, lower case', example: 'prod' })
  name!: string;

  @TextField({
    optional: true,
    nullable: true,
    maxLength: 64,
    example: '10.90.0.0/16',
    description: 'IPv4 range; null or "none": no IPv4; left out: the first free one of 10.90.0.0/16 and following',
  })
  cidr?: string | null;

  @TextField({
    optional: true,
    nullable: true,
    maxLength: 64,
    example: 'fd12:3456:789a::/64',
    description: 'IPv6 range; null or "none": no IPv6; left out: a random unique local /64',
  })
  cidr6?: string | null;

  @ChoiceField({
    choices: MODELS,
    optional: true,
    description: "How clusters' pods relate to the rest; flat if left out",
  })
  model?: NetworkModel;

  @MtuField()
  mtu?: number;

  @KeepaliveField()
  keepalive?: number;

  @PolicyField()
  defaultPolicy?: DefaultPolicy;

  @PoolField(4)
  virtualPool?: string | null;

  @PoolField(6)
  virtualPool6?: string | null;
}

export class ChangeNetworkBody {
  @MtuField()
  mtu?: number;

  @KeepaliveField()
  keepalive?: number;

  @PolicyField()
  defaultPolicy?: DefaultPolicy;

  @PoolField(4)
  virtualPool?: string | null;

  @PoolField(6)
  virtualPool6?: string | null;
}

export class DeleteNetworkQuery {
  @ApiPropertyOptional({ type: Boolean, description: 'Remove all that is in it: nodes, clusters, gateways' })
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsOptional()
  @IsIn([true, false], { message: 'must be true or false' })
  force?: boolean;
}

class PoolUsageDto implements PoolUsage {
  @ApiProperty({ type: 'integer', description: 'Addresses that nodes can have' })
  capacity!: number;

  @ApiProperty({ type: 'integer' })
  held!: number;

  @ApiProperty({ type: 'integer', description: 'Released and not given again yet' })
  released!: number;
}

class AddressUsageDto {
  @ApiProperty({ type: PoolUsageDto, nullable: true })
  v4!: PoolUsage | null;

  @ApiProperty({ type: PoolUsageDto, nullable: true })
  v6!: PoolUsage | null;
}

@ApiSchema({ name: 'Network' })
export class NetworkDto implements NetworkView {
  @ApiProperty({ format: 'uuid' })
  networkId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true })
  cidr!: string | null;

  @ApiProperty({ type: String, nullable: true })
  cidr6!: string | null;

  @ApiProperty({ enum: MODELS })
  model!: NetworkModel;

  @ApiProperty({ type: 'integer' })
  mtu!: number;

  @ApiProperty({ type: 'integer', description: 'Seconds; 0: off' })
  keepalive!: number;

  @ApiProperty({ enum: POLICIES })
  defaultPolicy!: DefaultPolicy;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where virtual IPv4 ranges come from; null: nowhere',
    example: DEFAULT_VIRTUAL_POOLS[4],
  })
  virtualPool!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where virtual IPv6 ranges come from; null: nowhere',
    example: DEFAULT_VIRTUAL_POOLS[6],
  })
  virtualPool6!: string | null;

  @ApiProperty({ type: 'integer', description: 'Enrolled nodes, disabled ones included' })
  nodes!: number;

  @ApiProperty({ description: 'null where the network has no range of that family' })
  addresses!: AddressUsageDto;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}
