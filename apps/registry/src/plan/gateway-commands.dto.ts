import { CreateClientBody } from '../clients/client.dto.js';
import { CreateClusterLinkBody } from '../cluster-links/cluster-link.dto.js';
import { ChangeGatewayBody, CreateGatewayBody, DrainGatewayBody } from '../gateways/gateway.dto.js';
import { BooleanField, ChoiceField, TextField } from '../http/fields.js';
import { CreatePublicationBody } from '../publications/publication.dto.js';

const GatewayField = () => TextField({ description: 'Name or id of the gateway' });

export class CreateClusterLinkCommand extends CreateClusterLinkBody {
  @ChoiceField({ choices: ['link.create'], description: 'Link two clusters' })
  command!: 'link.create';
}

export class DeleteClusterLinkCommand {
  @ChoiceField({ choices: ['link.delete'], description: 'Unlink two clusters' })
  command!: 'link.delete';

  @TextField({ description: 'Id of the link' })
  link!: string;
}

export class CreateGatewayCommand extends CreateGatewayBody {
  @ChoiceField({ choices: ['gateway.create'], description: 'Create a gateway' })
  command!: 'gateway.create';
}

export class SetGatewayCommand extends ChangeGatewayBody {
  @ChoiceField({ choices: ['gateway.set'], description: 'Change a gateway' })
  command!: 'gateway.set';

  @GatewayField()
  gateway!: string;
}

export class DeleteGatewayCommand {
  @ChoiceField({ choices: ['gateway.delete'], description: 'Remove a gateway' })
  command!: 'gateway.delete';

  @GatewayField()
  gateway!: string;

  @BooleanField({ optional: true, description: 'Revoke the clients behind it too' })
  force?: boolean;
}

export class DrainGatewayCommand extends DrainGatewayBody {
  @ChoiceField({ choices: ['gateway.drain'], description: 'Drain a node of a gateway, or take it back' })
  command!: 'gateway.drain';

  @GatewayField()
  gateway!: string;
}

export class CreateClientCommand extends CreateClientBody {
  @ChoiceField({ choices: ['client.create'], description: 'Admit a client' })
  command!: 'client.create';
}

export class DeleteClientCommand {
  @ChoiceField({ choices: ['client.delete'], description: 'Revoke a client' })
  command!: 'client.delete';

  @TextField({ description: 'Name or id of the client' })
  client!: string;
}

export class CreatePublicationCommand extends CreatePublicationBody {
  @ChoiceField({ choices: ['publication.create'], description: 'Publish a service' })
  command!: 'publication.create';
}

export class DeletePublicationCommand {
  @ChoiceField({ choices: ['publication.delete'], description: 'Withdraw a published service' })
  command!: 'publication.delete';

  @TextField({ description: 'Id of the publication' })
  publication!: string;
}

export type PlannedGatewayCommand =
  | CreateClusterLinkCommand
  | DeleteClusterLinkCommand
  | CreateGatewayCommand
  | SetGatewayCommand
  | DeleteGatewayCommand
  | DrainGatewayCommand
  | CreateClientCommand
  | DeleteClientCommand
  | CreatePublicationCommand
  | DeletePublicationCommand;

export const gatewayCommands = {
  'link.create': CreateClusterLinkCommand,
  'link.delete': DeleteClusterLinkCommand,
  'gateway.create': CreateGatewayCommand,
  'gateway.set': SetGatewayCommand,
  'gateway.delete': DeleteGatewayCommand,
  'gateway.drain': DrainGatewayCommand,
  'client.create': CreateClientCommand,
  'client.delete': DeleteClientCommand,
  'publication.create': CreatePublicationCommand,
  'publication.delete': DeletePublicationCommand,
} as const;
