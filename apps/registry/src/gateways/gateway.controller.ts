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
import { gatewayView } from '#topology/gateway-view.js';
import { networkOf } from '#topology/lookup.js';
import { Access } from '../auth/access.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { findGateway } from './find-gateway.js';
import { changeGatewayBody, createGatewayBody, drainGatewayBody } from './gateway-bodies.js';
import { GatewayCommands } from './gateway-commands.js';
import {
  ChangeGatewayBody,
  CreateGatewayBody,
  DeleteGatewayQuery,
  DrainGatewayBody,
  GatewayDto,
  gatewayDto,
} from './gateway.dto.js';

@ApiTags('gateways')
@Controller('api/v1/networks/:network/gateways')
@UseInterceptors(EtagInterceptor)
export class GatewayController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(GatewayCommands) private readonly commands: GatewayCommands,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List gateways by name' })
  @ApiPage(GatewayDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<GatewayDto>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    const sorted = [...state.gateways.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ name }) => name);
    return { items: items.map((gateway) => gatewayDto(state, gatewayView(gateway))), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({ summary: 'Create a gateway; the first of its nodes serves at once' })
  @ApiCreates()
  @ApiCreatedResponse({ type: GatewayDto })
  create(
    @Param('network') network: string,
    @Body() body: CreateGatewayBody,
    @Write() write: WriteRequest,
  ): Promise<GatewayDto> {
    const gatewayId = uuidv7();
    return this.commands.execute(network, write, {
      name: 'gateway.create',
      body: (state) => createGatewayBody(state, gatewayId, body),
      show: gatewayDto,
    });
  }

  @Get(':gateway')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a gateway, by name or id' })
  @ApiOkResponse({ type: GatewayDto })
  async show(@Param('network') network: string, @Param('gateway') gateway: string): Promise<GatewayDto> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    return gatewayDto(state, gatewayView(findGateway(state, gateway)));
  }

  @Patch(':gateway')
  @Access('operator')
  @ApiOperation({ summary: 'Change a gateway; fields given replace the whole value' })
  @ApiChanges()
  @ApiOkResponse({ type: GatewayDto })
  change(
    @Param('network') network: string,
    @Param('gateway') gateway: string,
    @Body() body: ChangeGatewayBody,
    @Write() write: WriteRequest,
  ): Promise<GatewayDto> {
    return this.commands.execute(network, write, {
      name: 'gateway.change',
      body: (state) => changeGatewayBody(state, gateway, body),
      show: gatewayDto,
    });
  }

  @Post(':gateway/drain')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Have a node of a gateway serve only while no other can, or let it serve again' })
  @ApiChanges()
  @ApiOkResponse({ type: GatewayDto })
  drain(
    @Param('network') network: string,
    @Param('gateway') gateway: string,
    @Body() body: DrainGatewayBody,
    @Write() write: WriteRequest,
  ): Promise<GatewayDto> {
    return this.commands.execute(network, write, {
      name: 'gateway.drain',
      body: (state) => drainGatewayBody(state, gateway, body),
      show: gatewayDto,
    });
  }

  @Delete(':gateway')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Remove a gateway; what it led to is reached no more' })
  @ApiChanges()
  @ApiNoContentResponse()
  async remove(
    @Param('network') network: string,
    @Param('gateway') gateway: string,
    @Query() { force }: DeleteGatewayQuery,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.commands.execute(network, write, {
      name: 'gateway.remove',
      body: (state) => ({ gatewayId: findGateway(state, gateway).gatewayId, ...(force !== undefined && { force }) }),
      show: () => undefined,
    });
  }
}
