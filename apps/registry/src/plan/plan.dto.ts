import { ApiExtraModels, ApiProperty, ApiSchema, getSchemaPath, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, ValidateNested } from 'class-validator';
import { EventDto } from '../events/event.dto.js';
import { ChoiceField, TextField } from '../http/fields.js';
import { ChangeNetworkBody } from '../networks/network.dto.js';
import { ChangeNodeBody } from '../nodes/node.dto.js';
import { NodeChangeDto } from '../topology/topology.dto.js';

const NodeField = () => TextField({ description: 'Name or id of the node' });
const COMMANDS = ['network.set', 'node.set', 'node.disable', 'node.enable', 'node.delete', 'key.revoke'] as const;

/** What all commands have; alone it is what an unknown command is checked against. */
class AnyCommand {
  @ChoiceField({ choices: COMMANDS, description: 'What to do' })
  command!: (typeof COMMANDS)[number];
}

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

export type PlannedCommand = SetNetworkCommand | SetNodeCommand | NodeLifecycleCommand | RevokeKeyCommand;

const subTypes = [
  { name: 'network.set', value: SetNetworkCommand },
  { name: 'node.set', value: SetNodeCommand },
  { name: 'node.disable', value: NodeLifecycleCommand },
  { name: 'node.enable', value: NodeLifecycleCommand },
  { name: 'node.delete', value: NodeLifecycleCommand },
  { name: 'key.revoke', value: RevokeKeyCommand },
];
const schemas = [SetNetworkCommand, SetNodeCommand, NodeLifecycleCommand, RevokeKeyCommand];

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
