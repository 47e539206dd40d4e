import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { ApiRole } from '#contracts/facts.js';
import type { TokenView } from '#topology/view.js';
import { ChoiceField, TextField } from '../http/fields.js';

const ROLES: readonly ApiRole[] = ['admin', 'operator', 'viewer'];

export class CreateApiTokenBody {
  @TextField({ description: 'One DNS label; facts name it as their actor', example: 'ci' })
  name!: string;

  @ChoiceField({ choices: ROLES, description: 'A viewer reads, an operator also writes, an admin also manages tokens' })
  role!: ApiRole;
}

@ApiSchema({ name: 'ApiToken' })
export class ApiTokenDto implements TokenView {
  @ApiProperty({ format: 'uuid' })
  tokenId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ROLES })
  role!: ApiRole;

  @ApiProperty()
  revoked!: boolean;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'integer', description: 'Log version that made it so: the ETag' })
  version!: number;
}

@ApiSchema({ name: 'CreatedApiToken' })
export class CreatedApiTokenDto extends ApiTokenDto {
  @ApiProperty({ description: 'Send it as `Authorization: Bearer`. It is shown here and nowhere else.' })
  token!: string;
}
