import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { linkView } from '#topology/gateway-view.js';
import { linkOf, networkOf } from '#topology/lookup.js';
import { Access } from '../auth/access.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { linkClustersBody } from './cluster-link-bodies.js';
import { ClusterLinkDto, clusterLinkDto, CreateClusterLinkBody } from './cluster-link.dto.js';

@ApiTags('cluster links')
@Controller('api/v1/networks/:network/cluster-links')
@UseInterceptors(EtagInterceptor)
export class ClusterLinkController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(GatewayCommands) private readonly commands: GatewayCommands,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List links, oldest first' })
  @ApiPage(ClusterLinkDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<ClusterLinkDto>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    const sorted = [...state.links.values()].sort((a, b) => (a.linkId < b.linkId ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ linkId }) => linkId);
    return { items: items.map((link) => clusterLinkDto(state, linkView(state, link))), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({
    summary: 'Link two clusters: pods and services of each are reached from the other',
    description:
      'Two that are linked stay so: the answer is the link there is. Each cluster needs a gateway of kind cluster.',
  })
  @ApiCreates()
  @ApiCreatedResponse({ type: ClusterLinkDto })
  create(
    @Param('network') network: string,
    @Body() body: CreateClusterLinkBody,
    @Write() write: WriteRequest,
  ): Promise<ClusterLinkDto> {
    const linkId = uuidv7();
    return this.commands.execute(network, write, {
      name: 'link.create',
      body: (state) => linkClustersBody(state, linkId, body),
      show: clusterLinkDto,
    });
  }

  @Get(':link')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a link' })
  @ApiOkResponse({ type: ClusterLinkDto })
  async show(@Param('network') network: string, @Param('link') linkId: string): Promise<ClusterLinkDto> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    return clusterLinkDto(state, linkView(state, linkOf(state, linkId)));
  }

  @Delete(':link')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Unlink two clusters; a cluster without links gives its virtual ranges back' })
  @ApiChanges()
  @ApiNoContentResponse()
  async remove(
    @Param('network') network: string,
    @Param('link') linkId: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.commands.execute(network, write, {
      name: 'link.remove',
      body: (state) => ({ linkId: linkOf(state, linkId).linkId }),
      show: () => undefined,
    });
  }
}
