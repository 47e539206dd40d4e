import { Allow, IsArray } from 'class-validator';
import type { CommandRequest } from '#contracts/command-request.js';
import type { NewFact } from '#contracts/facts.js';
import type { GatewayCommandName, GatewayHealthRequest, GatewayPlanRequest } from '#contracts/gateway-commands.js';
import { COMMANDS } from './command-table.js';
import { ChoiceField, IdField, ObjectField, TextField, WholeNumberField } from './fields.js';

class CommandMetaFields {
  @TextField({ maxLength: 128 })
  commandId!: string;

  @TextField({ maxLength: 128 })
  actor!: string;

  @WholeNumberField({ optional: true })
  expectedVersion?: number;
}

export class CommandRequestFields implements CommandRequest<unknown> {
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

export class PlanRequestFields implements GatewayPlanRequest {
  @IdField()
  networkId!: string;

  @WholeNumberField()
  version!: number;

  /** What services of ours decided; their shapes are the log's. */
  @IsArray()
  facts!: NewFact[];

  @ObjectField({ of: CommandMetaFields })
  meta!: CommandMetaFields;

  @ChoiceField({ choices: Object.keys(COMMANDS) })
  command!: GatewayCommandName;

  /** Read by the command it belongs to. */
  @Allow()
  body!: GatewayPlanRequest['body'];
}

export class HealthRequestFields implements GatewayHealthRequest {
  @IdField()
  networkId!: string;
}
