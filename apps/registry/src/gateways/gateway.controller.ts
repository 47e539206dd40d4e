import { Body, Controller, Inject, Param, Patch, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { gatewayView } from '#topology/gateway-view.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Changes, Creates, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(GatewayDto, { summary: 'List gateways by name' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<GatewayDto>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageBy('name', state.gateways.values(), query);
    return { items: items.map((gateway) => gatewayDto(state, gatewayView(gateway))), nextCursor };
  }

  @Creates(GatewayDto, { summary: 'Create a gateway; the first of its nodes serves at once' })
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

  @Shows(GatewayDto, { path: ':gateway', summary: 'Show a gateway, by name or id' })
  async show(@Param('network') network: string, @Param('gateway') gateway: string): Promise<GatewayDto> {
    const state = await this.decisions.networkNamed(network);
    return gatewayDto(state, gatewayView(findGateway(state, gateway)));
  }

  @Patch(':gateway')
  @Changes(GatewayDto, { summary: 'Change a gateway; fields given replace the whole value' })
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
  @Changes(GatewayDto, { summary: 'Have a node of a gateway serve only while no other can, or let it serve again' })
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

  @Removes({ path: ':gateway', summary: 'Remove a gateway; what it led to is reached no more' })
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
