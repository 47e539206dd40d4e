import type { Type as Class } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiSchema, getSchemaPath, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, ValidateNested } from 'class-validator';
import { EventDto } from '../events/event.dto.js';
import { ChoiceField, TextField } from '../http/fields.js';
import { ChangeNetworkBody } from '../networks/network.dto.js';
import { ChangeNodeBody } from '../nodes/node.dto.js';
import { type ClusterCommand, clusterCommands } from './cluster-commands.dto.js';
import { gatewayCommands, type PlannedGatewayCommand } from './gateway-commands.dto.js';
import { NodeChangeDto } from '../topology/topology.dto.js';

const NodeField = () => TextField({ description: 'Name or id of the node' });

export class SetNetworkCommand extends ChangeNetworkBody {
  @ChoiceField({ choices: ['network.set'], description: 'Change the network' })
  command!: 'network.set';
}

export class SetNodeCommand extends ChangeNodeBody {
  @ChoiceField({ choices: ['node.set'], description: 'Change a node' })
  command!: 'node.set';

  @NodeField()
  node!: string;
}

export class NodeLifecycleCommand {
  @ChoiceField({ choices: ['node.disable', 'node.enable', 'node.delete'], description: 'What to do with a node' })
  command!: 'node.disable' | 'node.enable' | 'node.delete';

  @NodeField()
  node!: string;
}

export class RevokeKeyCommand {
  @ChoiceField({ choices: ['key.revoke'], description: 'Revoke an enrolment key' })
  command!: 'key.revoke';

  @TextField({ description: 'Id of the key' })
  key!: string;
}

export type PlannedCommand =
  SetNetworkCommand | SetNodeCommand | NodeLifecycleCommand | RevokeKeyCommand | ClusterCommand | PlannedGatewayCommand;

const COMMANDS = {
  'network.set': SetNetworkCommand,
  'node.set': SetNodeCommand,
  'node.disable': NodeLifecycleCommand,
  'node.enable': NodeLifecycleCommand,
  'node.delete': NodeLifecycleCommand,
  'key.revoke': RevokeKeyCommand,
  ...clusterCommands,
  ...gatewayCommands,
} as const;

/** The gateway-manager decides on it. */
export const isGatewayCommand = (planned: PlannedCommand): planned is PlannedGatewayCommand =>
  planned.command in gatewayCommands;

/** What all commands have; alone it is what an unknown command is checked against. */
class AnyCommand {
  @ChoiceField({ choices: Object.keys(COMMANDS), description: 'What to do' })
  command!: string;
}

const subTypes = Object.entries(COMMANDS).map(([name, value]) => ({ name, value }));
const schemas = [...new Set<Class>(Object.values(COMMANDS))];

@ApiExtraModels(...schemas)
export class PlanBody {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: 100,
    items: { oneOf: schemas.map((schema) => ({ $ref: getSchemaPath(schema) })) },
    description: 'Tried one after another, each on what the ones before it lead to',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @IsObject({ each: true, message: 'must be a list of objects' })
  @Type(() => AnyCommand, { keepDiscriminatorProperty: true, discriminator: { property: 'command', subTypes } })
  commands!: PlannedCommand[];
}

class PlannedFactDto extends PickType(EventDto, ['version', 'type', 'data']) {}

@ApiSchema({ name: 'Plan' })
export class PlanDto {
  @ApiProperty({ type: 'integer', description: 'Log version that the plan rests on' })
  version!: number;

  @ApiProperty({ type: [PlannedFactDto], description: 'Facts that the commands would make' })
  facts!: PlannedFactDto[];

  @ApiProperty({ type: [NodeChangeDto], description: 'What nodes would be told' })
  nodes!: NodeChangeDto[];
}
