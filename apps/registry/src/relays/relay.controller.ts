import { Body, Controller, Inject, Param, Put, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Refusal } from '#contracts/errors.js';
import { inField } from '#topology/fields.js';
import { relayView } from '#topology/relay-view.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Changes, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(RelayDto, { summary: 'List relays by name' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<RelayDto>> {
    const state = await this.decisions.networkNamed(network);
    const relays = [...state.relays.values()].map((relay) => relayDto(state, relayView(relay)));
    const sorted = relays.sort((a, b) => (a.node.name < b.node.name ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ node }) => node.name);
    return { items, nextCursor };
  }

  @Shows(RelayDto, { path: ':node', summary: 'Show a relay, by name or id of its node' })
  async show(@Param('network') network: string, @Param('node') node: string): Promise<RelayDto> {
    const state = await this.decisions.networkNamed(network);
    const { nodeId, name } = findNode(state, node);
    const relay = state.relays.get(nodeId);
    if (!relay) throw new Refusal('not_found', `node "${name}" is no relay; make it one with PUT`);
    return relayDto(state, relayView(relay));
  }

  @Put(':node')
  @Changes(RelayDto, { summary: 'Make a node a relay for nodes that nobody can call, or change its capacity' })
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
  @Changes(AssignmentDto, { summary: 'Choose the relay of a node, or have it chosen' })
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

  @Removes({ path: ':node', summary: 'Let a node relay no longer; what is behind it goes to other relays' })
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
