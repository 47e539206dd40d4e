import { Body, Controller, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { clientView } from '#topology/gateway-view.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Creates, Lists, Removes, Shows } from '../http/routes.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { createClientBody } from './client-bodies.js';
import { clientConfig } from './client-config.js';
import { ClientConfigDto, ClientDto, clientDto, CreateClientBody } from './client.dto.js';
import { findClient } from './find-client.js';

@ApiTags('clients')
@Controller('api/v1/networks/:network/clients')
@UseInterceptors(EtagInterceptor)
export class ClientController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(GatewayCommands) private readonly commands: GatewayCommands,
  ) {}

  @Lists(ClientDto, { summary: 'List clients by name' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<ClientDto>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageBy('name', state.clients.values(), query);
    return { items: items.map((client) => clientDto(state, clientView(client))), nextCursor };
  }

  @Creates(ClientDto, { summary: 'Admit a client with stock WireGuard behind an ingress gateway' })
  create(
    @Param('network') network: string,
    @Body() body: CreateClientBody,
    @Write() write: WriteRequest,
  ): Promise<ClientDto> {
    const clientId = uuidv7();
    return this.commands.execute(network, write, {
      name: 'client.create',
      body: (state) => createClientBody(state, clientId, body),
      show: clientDto,
    });
  }

  @Shows(ClientDto, { path: ':client', summary: 'Show a client, by name or id' })
  async show(@Param('network') network: string, @Param('client') client: string): Promise<ClientDto> {
    const state = await this.decisions.networkNamed(network);
    return clientDto(state, clientView(findClient(state, client)));
  }

  @Shows(ClientConfigDto, {
    path: ':client/config',
    summary: 'What the client is set up with, all but its private key',
    description: 'As the network is now: another node that serves the gateway has another key and endpoint.',
  })
  async config(@Param('network') network: string, @Param('client') client: string): Promise<ClientConfigDto> {
    const state = await this.decisions.networkNamed(network);
    return clientConfig(state, findClient(state, client));
  }

  @Removes({ path: ':client', summary: 'Revoke a client: its tunnel is cut at once' })
  async remove(
    @Param('network') network: string,
    @Param('client') client: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.commands.execute(network, write, {
      name: 'client.revoke',
      body: (state) => ({ clientId: findClient(state, client).clientId }),
      show: () => undefined,
    });
  }
}
