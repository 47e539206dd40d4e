import type { ClassConstructor } from 'class-transformer';
import type { Decision } from '#contracts/decision.js';
import type { GatewayCommandBodies, GatewayCommandName } from '#contracts/gateway-commands.js';
import type { GuardedCommand } from '#topology/command.js';
import type { NetworkState } from '#topology/network-state.js';
import { decideCreateClient, decideRevokeClient } from '../clients/client.decider.js';
import { CreateClientFields, RevokeClientFields } from '../clients/client.dto.js';
import { decideDrainGateway } from '../gateways/drain.decider.js';
import { decideChangeGateway, decideCreateGateway, decideRemoveGateway } from '../gateways/gateway.decider.js';
import {
  ChangeGatewayFields,
  CreateGatewayFields,
  DrainGatewayFields,
  RemoveGatewayFields,
} from '../gateways/gateway.dto.js';
import { decideLinkClusters, decideUnlinkClusters } from '../links/link.decider.js';
import { LinkClustersFields, UnlinkClustersFields } from '../links/link.dto.js';
import { decidePublishService, decideWithdrawService } from '../publications/publication.decider.js';
import { PublishServiceFields, WithdrawServiceFields } from '../publications/publication.dto.js';

export interface CommandEntry<Body extends object> {
  /** What its body is checked against. */
  fields: ClassConstructor<Body>;
  decide(command: GuardedCommand & Body, state: NetworkState): Decision;
}

/** Every command that this service decides. */
export const COMMANDS: { [Name in GatewayCommandName]: CommandEntry<GatewayCommandBodies[Name]> } = {
  'gateway.create': { fields: CreateGatewayFields, decide: decideCreateGateway },
  'gateway.change': { fields: ChangeGatewayFields, decide: decideChangeGateway },
  'gateway.remove': { fields: RemoveGatewayFields, decide: decideRemoveGateway },
  'gateway.drain': { fields: DrainGatewayFields, decide: decideDrainGateway },
  'link.create': { fields: LinkClustersFields, decide: decideLinkClusters },
  'link.remove': { fields: UnlinkClustersFields, decide: decideUnlinkClusters },
  'client.create': { fields: CreateClientFields, decide: decideCreateClient },
  'client.revoke': { fields: RevokeClientFields, decide: decideRevokeClient },
  'publication.create': { fields: PublishServiceFields, decide: decidePublishService },
  'publication.withdraw': { fields: WithdrawServiceFields, decide: decideWithdrawService },
};
