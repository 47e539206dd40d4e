import type {
  ChangeGatewayBody,
  CreateGatewayBody,
  DrainGatewayBody,
  GatewayUsers,
  RemoveGatewayBody,
} from '#contracts/gateway-commands.js';
import type { GatewayKind, ProbeTarget } from '#contracts/gateway-facts.js';
import { MAX_RANGES } from '#topology/range-fields.js';
import {
  BooleanField,
  ChoiceField,
  IdField,
  IdListField,
  ObjectField,
  TextField,
  TextListField,
  WholeNumberField,
} from '../commands/fields.js';
import { GATEWAY_KINDS } from './gateway.decider.js';

/** Every one of them holds the whole gateway and probes. */
const MAX_MEMBERS = 16;
/** What an HTTP request has room for, and more. */
const MAX_USERS = 10_000;

class ProbeFields implements ProbeTarget {
  @TextField({ maxLength: 64 })
  address!: string;

  @WholeNumberField({ nullable: true })
  port!: number | null;
}

class UsersFields implements GatewayUsers {
  @IdListField({ maxItems: MAX_USERS, optional: true })
  nodes?: string[];

  @IdListField({ maxItems: MAX_USERS, optional: true })
  clients?: string[];
}

export class CreateGatewayFields implements CreateGatewayBody {
  @IdField()
  gatewayId!: string;

  @TextField()
  name!: string;

  @ChoiceField({ choices: GATEWAY_KINDS })
  kind!: GatewayKind;

  @TextListField({ maxItems: MAX_RANGES, optional: true })
  ranges?: string[];

  @BooleanField({ optional: true })
  masquerade?: boolean;

  @IdListField({ maxItems: MAX_MEMBERS })
  members!: string[];

  @ObjectField({ of: ProbeFields, optional: true, nullable: true })
  probe?: ProbeFields | null;

  @IdField({ optional: true, nullable: true })
  clusterId?: string | null;

  @ObjectField({ of: UsersFields, optional: true })
  users?: UsersFields;
}

export class ChangeGatewayFields implements ChangeGatewayBody {
  @IdField()
  gatewayId!: string;

  @TextListField({ maxItems: MAX_RANGES, optional: true })
  ranges?: string[];

  @BooleanField({ optional: true })
  masquerade?: boolean;

  @IdListField({ maxItems: MAX_MEMBERS, optional: true })
  members?: string[];

  @ObjectField({ of: ProbeFields, optional: true, nullable: true })
  probe?: ProbeFields | null;

  @ObjectField({ of: UsersFields, optional: true })
  users?: UsersFields;
}

export class RemoveGatewayFields implements RemoveGatewayBody {
  @IdField()
  gatewayId!: string;

  @BooleanField({ optional: true })
  force?: boolean;
}

export class DrainGatewayFields implements DrainGatewayBody {
  @IdField()
  gatewayId!: string;

  @IdField()
  nodeId!: string;

  @BooleanField({ optional: true })
  draining?: boolean;
}
