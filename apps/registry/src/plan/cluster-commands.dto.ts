import { ChangeClusterBody, ClusterMemberBody, CreateClusterBody } from '../clusters/cluster.dto.js';
import { ChoiceField, TextField } from '../http/fields.js';

const ClusterField = () => TextField({ description: 'Name or id of the cluster' });
const NodeField = () => TextField({ description: 'Name or id of the node' });

export class CreateClusterCommand extends CreateClusterBody {
  @ChoiceField({ choices: ['cluster.create'], description: 'Declare a cluster' })
  command!: 'cluster.create';
}

export class SetClusterCommand extends ChangeClusterBody {
  @ChoiceField({ choices: ['cluster.set'], description: 'Change a cluster' })
  command!: 'cluster.set';

  @ClusterField()
  cluster!: string;
}

export class DeleteClusterCommand {
  @ChoiceField({ choices: ['cluster.delete'], description: 'Remove a cluster' })
  command!: 'cluster.delete';

  @ClusterField()
  cluster!: string;
}

export class SetClusterMemberCommand extends ClusterMemberBody {
  @ChoiceField({ choices: ['cluster.member.set'], description: 'Make a node a member, or replace its ranges' })
  command!: 'cluster.member.set';

  @ClusterField()
  cluster!: string;

  @NodeField()
  node!: string;
}

export class UnsetClusterMemberCommand {
  @ChoiceField({ choices: ['cluster.member.unset'], description: 'Take a node out of a cluster' })
  command!: 'cluster.member.unset';

  @ClusterField()
  cluster!: string;

  @NodeField()
  node!: string;
}

export type ClusterCommand =
  CreateClusterCommand | SetClusterCommand | DeleteClusterCommand | SetClusterMemberCommand | UnsetClusterMemberCommand;

export const clusterCommands = {
  'cluster.create': CreateClusterCommand,
  'cluster.set': SetClusterCommand,
  'cluster.delete': DeleteClusterCommand,
  'cluster.member.set': SetClusterMemberCommand,
  'cluster.member.unset': UnsetClusterMemberCommand,
} as const;
