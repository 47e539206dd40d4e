import { Body, Controller, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import { linkView } from '#topology/gateway-view.js';
import { linkOf } from '#topology/lookup.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Creates, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(ClusterLinkDto, { summary: 'List links, oldest first' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<ClusterLinkDto>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageBy('linkId', state.links.values(), query);
    return { items: items.map((link) => clusterLinkDto(state, linkView(state, link))), nextCursor };
  }

  @Creates(ClusterLinkDto, {
    summary: 'Link two clusters: pods and services of each are reached from the other',
    description:
      'Two that are linked stay so: the answer is the link there is. Each cluster needs a gateway of kind cluster.',
  })
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

  @Shows(ClusterLinkDto, { path: ':link', summary: 'Show a link' })
  async show(@Param('network') network: string, @Param('link') linkId: string): Promise<ClusterLinkDto> {
    const state = await this.decisions.networkNamed(network);
    return clusterLinkDto(state, linkView(state, linkOf(state, linkId)));
  }

  @Removes({ path: ':link', summary: 'Unlink two clusters; a cluster without links gives its virtual ranges back' })
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
