import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { clientView } from '#topology/gateway-view.js';
import { networkOf } from '#topology/lookup.js';
import { Access } from '../auth/access.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
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

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List clients by name' })
  @ApiPage(ClientDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<ClientDto>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    const sorted = [...state.clients.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ name }) => name);
    return { items: items.map((client) => clientDto(state, clientView(client))), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({ summary: 'Admit a client with stock WireGuard behind an ingress gateway' })
  @ApiCreates()
  @ApiCreatedResponse({ type: ClientDto })
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

  @Get(':client')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a client, by name or id' })
  @ApiOkResponse({ type: ClientDto })
  async show(@Param('network') network: string, @Param('client') client: string): Promise<ClientDto> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    return clientDto(state, clientView(findClient(state, client)));
  }

  @Get(':client/config')
  @Access('viewer')
  @ApiOperation({
    summary: 'What the client is set up with, all but its private key',
    description: 'As the network is now: another node that serves the gateway has another key and endpoint.',
  })
  @ApiOkResponse({ type: ClientConfigDto })
  async config(@Param('network') network: string, @Param('client') client: string): Promise<ClientConfigDto> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    return clientConfig(state, findClient(state, client));
  }

  @Delete(':client')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Revoke a client: its tunnel is cut at once' })
  @ApiChanges()
  @ApiNoContentResponse()
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
