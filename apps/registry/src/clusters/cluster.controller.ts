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
  Put,
  Query,
  UseInterceptors,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import type { Decision } from '#contracts/decision.js';
import { foldNew } from '#topology/command.js';
import { inField } from '#topology/fields.js';
import { type ClusterView, clusterView } from '#topology/gateway-view.js';
import { networkOf } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { translateClusterAddress } from '#topology/translate-cluster-address.js';
import { Access } from '../auth/access.js';
import { ApiChanges, ApiCreates } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { findNode } from '../nodes/find-node.js';
import { decideSetClusterMember, decideUnsetClusterMember } from './cluster-member.decider.js';
import { decideChangeCluster, decideRemoveCluster } from './cluster.decider.js';
import {
  ChangeClusterBody,
  ClusterAddressDto,
  ClusterDto,
  clusterDto,
  ClusterMemberBody,
  ClusterMemberPath,
  CreateClusterBody,
  TranslateQuery,
} from './cluster.dto.js';
import { decideCreateCluster } from './create-cluster.decider.js';
import { findCluster } from './find-cluster.js';

@ApiTags('clusters')
@Controller('api/v1/networks/:network/clusters')
@UseInterceptors(EtagInterceptor)
export class ClusterController {
  constructor(@Inject(Decisions) private readonly decisions: Decisions) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List clusters by name' })
  @ApiPage(ClusterDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<ClusterDto>> {
    const state = await this.state(network);
    networkOf(state);
    const sorted = [...state.clusters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, nextCursor } = pageOf(sorted, query, ({ name }) => name);
    return { items: items.map((cluster) => clusterDto(state, clusterView(state, cluster))), nextCursor };
  }

  @Post()
  @Access('operator')
  @ApiOperation({ summary: 'Declare a cluster: its ranges, its network model, its nodes' })
  @ApiCreates()
  @ApiCreatedResponse({ type: ClusterDto })
  create(
    @Param('network') network: string,
    @Body() body: CreateClusterBody,
    @Write() write: WriteRequest,
  ): Promise<ClusterDto> {
    const create = { ...write.command, ...body, clusterId: uuidv7() };
    return this.command(network, write, (state) => decideCreateCluster(create, state));
  }

  @Get(':cluster')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a cluster, by name or id' })
  @ApiOkResponse({ type: ClusterDto })
  async show(@Param('network') network: string, @Param('cluster') cluster: string): Promise<ClusterDto> {
    const state = await this.state(network);
    return clusterDto(state, clusterView(state, findCluster(state, cluster)));
  }

  @Patch(':cluster')
  @Access('operator')
  @ApiOperation({ summary: 'Change a cluster; fields given replace the whole value' })
  @ApiChanges()
  @ApiOkResponse({ type: ClusterDto })
  change(
    @Param('network') network: string,
    @Param('cluster') cluster: string,
    @Body() body: ChangeClusterBody,
    @Write() write: WriteRequest,
  ): Promise<ClusterDto> {
    return this.command(network, write, (state) =>
      decideChangeCluster({ ...write.command, ...body, clusterId: findCluster(state, cluster).clusterId }, state),
    );
  }

  @Delete(':cluster')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Remove a cluster that has no links, no gateway and no publications any more' })
  @ApiChanges()
  @ApiNoContentResponse()
  async remove(
    @Param('network') network: string,
    @Param('cluster') cluster: string,
    @Write() { command, fingerprint }: WriteRequest,
  ): Promise<void> {
    await this.decisions.networks.execute(await this.decisions.networkId(network), {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideRemoveCluster({ ...command, clusterId: findCluster(state, cluster).clusterId }, state),
    });
  }

  @Put(':cluster/members/:node')
  @Access('operator')
  @ApiOperation({ summary: "Make a node a member, or replace its pods' ranges" })
  @ApiChanges()
  @ApiOkResponse({ type: ClusterDto })
  setMember(
    @Param() { network, cluster, node }: ClusterMemberPath,
    @Body() body: ClusterMemberBody,
    @Write() write: WriteRequest,
  ): Promise<ClusterDto> {
    return this.command(network, write, (state) => {
      const { clusterId } = findCluster(state, cluster);
      const { nodeId } = findNode(state, node);
      return decideSetClusterMember({ ...write.command, ...body, clusterId, nodeId }, state);
    });
  }

  @Delete(':cluster/members/:node')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Take a node out of a cluster; no member, no change' })
  @ApiChanges()
  @ApiNoContentResponse()
  async unsetMember(
    @Param() { network, cluster, node }: ClusterMemberPath,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.command(network, write, (state) => {
      const { clusterId } = findCluster(state, cluster);
      const { nodeId } = findNode(state, node);
      return decideUnsetClusterMember({ ...write.command, clusterId, nodeId }, state);
    });
  }

  @Get(':cluster/translate')
  @Access('viewer')
  @ApiOperation({ summary: 'An address of a cluster from both sides: real and virtual' })
  @ApiOkResponse({ type: ClusterAddressDto })
  async translate(
    @Param('network') network: string,
    @Param('cluster') cluster: string,
    @Query() { address }: TranslateQuery,
  ): Promise<ClusterAddressDto> {
    const state = await this.state(network);
    const { clusterId } = findCluster(state, cluster);
    return inField('address', () => translateClusterAddress(state, clusterId, address));
  }

  private async state(network: string): Promise<NetworkState> {
    return this.decisions.networkState(await this.decisions.networkId(network));
  }

  /** Names are looked up inside the decision, so that a repeated command gets its answer also when they are gone. */
  private async command(
    network: string,
    { command, fingerprint }: WriteRequest,
    decide: (state: NetworkState) => Decision,
  ): Promise<ClusterDto> {
    const outcome = await this.decisions.networks.execute<ClusterDto>(await this.decisions.networkId(network), {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => {
        const { facts, answer } = decide(state);
        return { facts, answer: clusterDto(foldNew(networkFold, state, facts), answer as ClusterView) };
      },
    });
    return outcome.answer;
  }
}
