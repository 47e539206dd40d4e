import type { CreateClientBody, RevokeClientBody } from '#contracts/gateway-commands.js';
import { MAX_RANGES } from '#topology/range-fields.js';
import { IdField, TextField, TextListField } from '../commands/fields.js';

export class CreateClientFields implements CreateClientBody {
  @IdField()
  clientId!: string;

  @TextField()
  name!: string;

  @TextField()
  publicKey!: string;

  @IdField()
  gatewayId!: string;

  @TextListField({ maxItems: MAX_RANGES, optional: true })
  allowed?: string[];
}

export class RevokeClientFields implements RevokeClientBody {
  @IdField()
  clientId!: string;
}
