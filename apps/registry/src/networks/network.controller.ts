import { randomBytes } from 'node:crypto';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  UseInterceptors,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { networkOf } from '#topology/lookup.js';
import { type NetworkView, networkView } from '#topology/view.js';
import { Access } from '../auth/access.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
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

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List networks by name' })
  @ApiPage(NetworkDto)
  async list(@Query() query: PageQuery): Promise<Page<NetworkView>> {
    const { networks } = await this.decisions.systemState();
    const listed = [...networks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, nextCursor } = pageOf(listed, query, ({ name }) => name);
    const views = await Promise.all(
      items.map(async ({ networkId }) => networkView(await this.decisions.networkState(networkId))),
    );
    return { items: views.filter((view) => view !== undefined), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({ summary: 'Create a network' })
  @ApiCreates()
  @ApiCreatedResponse({ type: NetworkDto })
  async create(@Body() body: CreateNetworkBody, @Write() { command, fingerprint }: WriteRequest): Promise<NetworkView> {
    const { cidr, cidr6, ...settings } = body;
    const create = {
      ...command,
      ...settings,
      ...(cidr !== undefined && { cidr: cidr ?? 'none' }),
      ...(cidr6 !== undefined && { cidr6: cidr6 ?? 'none' }),
      networkId: uuidv7(),
      randomBytes: randomBytes(5),
    };
    const outcome = await this.decisions.system.execute<NetworkView>(SYSTEM_STREAM, {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideCreateNetwork(create, state),
    });
    return outcome.answer;
  }

  @Get(':network')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a network, by name or id' })
  @ApiOkResponse({ type: NetworkDto })
  async show(@Param('network') network: string): Promise<NetworkView> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    return networkView(state)!;
  }

  @Patch(':network')
  @Access('operator')
  @ApiOperation({ summary: 'Change what holds for all nodes of a network' })
  @ApiChanges()
  @ApiOkResponse({ type: NetworkDto })
  async change(
    @Param('network') network: string,
    @Body() body: ChangeNetworkBody,
    @Write() { command, fingerprint }: WriteRequest,
  ): Promise<NetworkView> {
    const outcome = await this.decisions.networks.execute<NetworkView>(await this.decisions.networkId(network), {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideChangeNetwork({ ...command, ...body }, state),
    });
    return outcome.answer;
  }

  @Delete(':network')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Delete a network; its name and ranges are free at once' })
  @ApiChanges()
  @ApiNoContentResponse()
  async remove(
    @Param('network') network: string,
    @Query() { force }: DeleteNetworkQuery,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.deletion.delete(network, write, force ?? false);
  }
}
