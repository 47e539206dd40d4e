import { Allow } from 'class-validator';
import type { GatewayCommandRequest, GatewayHealthRequest } from '#contracts/gateway-commands.js';
import { IdField, ObjectField, TextField, WholeNumberField } from './fields.js';

class CommandMetaFields {
  @TextField({ maxLength: 128 })
  commandId!: string;

  @TextField({ maxLength: 128 })
  actor!: string;

  @WholeNumberField({ optional: true })
  expectedVersion?: number;
}

export class CommandRequestFields implements GatewayCommandRequest<unknown> {
  @IdField()
  networkId!: string;

  @TextField({ maxLength: 128 })
  fingerprint!: string;

  @ObjectField({ of: CommandMetaFields })
  meta!: CommandMetaFields;

  /** Read by the command it belongs to. */
  @Allow()
  body!: unknown;
}

export class HealthRequestFields implements GatewayHealthRequest {
  @IdField()
  networkId!: string;
}
