import type { GatewayCommandBodies, GatewayCommandName } from '#contracts/gateway-commands.js';
import { linkOf, publicationOf } from '#topology/lookup.js';
import type { NetworkState } from '#topology/network-state.js';
import { createClientBody } from '../clients/client-bodies.js';
import { findClient } from '../clients/find-client.js';
import { linkClustersBody } from '../cluster-links/cluster-link-bodies.js';
import { findGateway } from '../gateways/find-gateway.js';
import { changeGatewayBody, createGatewayBody, drainGatewayBody } from '../gateways/gateway-bodies.js';
import { publishServiceBody } from '../publications/publication-bodies.js';
import type { PlannedGatewayCommand } from './gateway-commands.dto.js';

/** A command of the gateway-manager with what belongs to it. */
export type NamedBody = {
  [Name in GatewayCommandName]: { name: Name; body: GatewayCommandBodies[Name] };
}[GatewayCommandName];

/** What the gateway-manager is asked to try. @param id for what would be new @throws Refusal `not_found`, `gateway_member_unknown` */
export function gatewayCommandBody(planned: PlannedGatewayCommand, state: NetworkState, id: string): NamedBody {
  switch (planned.command) {
    case 'link.create':
      return { name: 'link.create', body: linkClustersBody(state, id, withoutCommand(planned)) };
    case 'link.delete':
      return { name: 'link.remove', body: { linkId: linkOf(state, planned.link).linkId } };
    case 'gateway.create':
      return { name: 'gateway.create', body: createGatewayBody(state, id, withoutCommand(planned)) };
    case 'gateway.set': {
      const { gateway, ...changes } = withoutCommand(planned);
      return { name: 'gateway.change', body: changeGatewayBody(state, gateway, changes) };
    }
    case 'gateway.delete': {
      const { gatewayId } = findGateway(state, planned.gateway);
      return { name: 'gateway.remove', body: { gatewayId, force: planned.force ?? false } };
    }
    case 'gateway.drain': {
      const { gateway, ...drain } = withoutCommand(planned);
      return { name: 'gateway.drain', body: drainGatewayBody(state, gateway, drain) };
    }
    case 'client.create':
      return { name: 'client.create', body: createClientBody(state, id, withoutCommand(planned)) };
    case 'client.delete':
      return { name: 'client.revoke', body: { clientId: findClient(state, planned.client).clientId } };
    case 'publication.create':
      return { name: 'publication.create', body: publishServiceBody(state, id, withoutCommand(planned)) };
    case 'publication.delete':
      return {
        name: 'publication.withdraw',
        body: { publicationId: publicationOf(state, planned.publication).publicationId },
      };
    default:
      return planned satisfies never;
  }
}

function withoutCommand<Planned extends { command: string }>({
  command: _,
  ...body
}: Planned): Omit<Planned, 'command'> {
  return body;
}
