import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Query, UseInterceptors } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Refusal } from '#contracts/errors.js';
import { inField } from '#topology/fields.js';
import { networkOf } from '#topology/lookup.js';
import { relayView } from '#topology/relay-view.js';
import { Access } from '../auth/access.js';
import { ApiChanges } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { findNode } from '../nodes/find-node.js';
import { RelayCommands } from './relay-commands.js';
import { AssignmentDto, assignmentDto, AssignRelayBody, RelayDto, relayDto, SetRelayBody } from './relay.dto.js';

@ApiTags('relays')
@Controller('api/v1/networks/:network/relays')
@UseInterceptors(EtagInterceptor)
export class RelayController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(RelayCommands) private readonly commands: RelayCommands,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List relays by name' })
  @ApiPage(RelayDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<RelayDto>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    const relays = [...state.relays.values()].map((relay) => relayDto(state, relayView(relay)));
    const sorted = relays.sort((a, b) => (a.node.name < b.node.name ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ node }) => node.name);
    return { items, nextCursor };
  }

  @Get(':node')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a relay, by name or id of its node' })
  @ApiOkResponse({ type: RelayDto })
  async show(@Param('network') network: string, @Param('node') node: string): Promise<RelayDto> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    const { nodeId, name } = findNode(state, node);
    const relay = state.relays.get(nodeId);
    if (!relay) throw new Refusal('not_found', `node "${name}" is no relay; make it one with PUT`);
    return relayDto(state, relayView(relay));
  }

  @Put(':node')
  @Access('operator')
  @ApiOperation({ summary: 'Make a node a relay for nodes that nobody can call, or change its capacity' })
  @ApiChanges()
  @ApiOkResponse({ type: RelayDto })
  set(
    @Param('network') network: string,
    @Param('node') node: string,
    @Body() body: SetRelayBody,
    @Write() write: WriteRequest,
  ): Promise<RelayDto> {
    return this.commands.execute(network, write, {
      name: 'relay.set',
      body: (state) => ({ ...body, nodeId: findNode(state, node).nodeId }),
      show: relayDto,
    });
  }

  @Put(':node/assignment')
  @Access('operator')
  @ApiOperation({ summary: 'Choose the relay of a node, or have it chosen' })
  @ApiChanges()
  @ApiOkResponse({ type: AssignmentDto })
  assign(
    @Param('network') network: string,
    @Param('node') node: string,
    @Body() { relay }: AssignRelayBody,
    @Write() write: WriteRequest,
  ): Promise<AssignmentDto> {
    return this.commands.execute(network, write, {
      name: 'relay.assign',
      body: (state) => ({
        nodeId: findNode(state, node).nodeId,
        relayId: relay === null ? null : inField('relay', () => findNode(state, relay)).nodeId,
      }),
      show: assignmentDto,
    });
  }

  @Delete(':node')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Let a node relay no longer; what is behind it goes to other relays' })
  @ApiChanges()
  @ApiNoContentResponse()
  async unset(
    @Param('network') network: string,
    @Param('node') node: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.commands.execute(network, write, {
      name: 'relay.unset',
      body: (state) => ({ nodeId: findNode(state, node).nodeId }),
      show: () => undefined,
    });
  }
}
