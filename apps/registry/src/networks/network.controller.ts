import { randomBytes } from 'node:crypto';
import { Body, Controller, Inject, Param, Patch, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { type NetworkView, networkView } from '#topology/view.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Changes, Creates, Lists, Removes, Shows } from '../http/routes.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { decideCreateNetwork } from './create-network.decider.js';
import { NetworkDeletion } from './network-deletion.js';
import { decideChangeNetwork } from './network.decider.js';
import { ChangeNetworkBody, CreateNetworkBody, DeleteNetworkQuery, NetworkDto } from './network.dto.js';

@ApiTags('networks')
@Controller('api/v1/networks')
@UseInterceptors(EtagInterceptor)
export class NetworkController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(NetworkDeletion) private readonly deletion: NetworkDeletion,
  ) {}

  @Lists(NetworkDto, { summary: 'List networks by name' })
  async list(@Query() query: PageQuery): Promise<Page<NetworkView>> {
    const { networks } = await this.decisions.systemState();
    const { items, nextCursor } = pageBy('name', networks.values(), query);
    const views = await Promise.all(
      items.map(async ({ networkId }) => networkView(await this.decisions.networkState(networkId))),
    );
    return { items: views.filter((view) => view !== undefined), nextCursor };
  }

  @Creates(NetworkDto, { summary: 'Create a network' })
  create(@Body() body: CreateNetworkBody, @Write() write: WriteRequest): Promise<NetworkView> {
    const { cidr, cidr6, ...settings } = body;
    const create = {
      ...write.command,
      ...settings,
      ...(cidr !== undefined && { cidr: cidr ?? 'none' }),
      ...(cidr6 !== undefined && { cidr6: cidr6 ?? 'none' }),
      networkId: uuidv7(),
      randomBytes: randomBytes(5),
    };
    return this.decisions.decideOnSystem(write, (state) => decideCreateNetwork(create, state));
  }

  @Shows(NetworkDto, { path: ':network', summary: 'Show a network, by name or id' })
  async show(@Param('network') network: string): Promise<NetworkView> {
    const state = await this.decisions.networkNamed(network);
    return networkView(state)!;
  }

  @Patch(':network')
  @Changes(NetworkDto, { summary: 'Change what holds for all nodes of a network' })
  change(
    @Param('network') network: string,
    @Body() body: ChangeNetworkBody,
    @Write() write: WriteRequest,
  ): Promise<NetworkView> {
    return this.decisions.decide(network, write, (state) => decideChangeNetwork({ ...write.command, ...body }, state));
  }

  @Removes({ path: ':network', summary: 'Delete a network; its name and ranges are free at once' })
  async remove(
    @Param('network') network: string,
    @Query() { force }: DeleteNetworkQuery,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.deletion.delete(network, write, force ?? false);
  }
}
