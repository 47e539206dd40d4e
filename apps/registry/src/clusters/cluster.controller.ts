import { Body, Controller, Inject, Param, Patch, Put, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { v7 as uuidv7 } from 'uuid';
import type { Decision } from '#contracts/decision.js';
import { foldNew } from '#topology/command.js';
import { inField } from '#topology/fields.js';
import { type ClusterView, clusterView } from '#topology/gateway-view.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { translateClusterAddress } from '#topology/translate-cluster-address.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageBy } from '../http/paging.js';
import { Changes, Creates, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(ClusterDto, { summary: 'List clusters by name' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<ClusterDto>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageBy('name', state.clusters.values(), query);
    return { items: items.map((cluster) => clusterDto(state, clusterView(state, cluster))), nextCursor };
  }

  @Creates(ClusterDto, { summary: 'Declare a cluster: its ranges, its network model, its nodes' })
  create(
    @Param('network') network: string,
    @Body() body: CreateClusterBody,
    @Write() write: WriteRequest,
  ): Promise<ClusterDto> {
    const create = { ...write.command, ...body, clusterId: uuidv7() };
    return this.command(network, write, (state) => decideCreateCluster(create, state));
  }

  @Shows(ClusterDto, { path: ':cluster', summary: 'Show a cluster, by name or id' })
  async show(@Param('network') network: string, @Param('cluster') cluster: string): Promise<ClusterDto> {
    const state = await this.decisions.networkNamed(network);
    return clusterDto(state, clusterView(state, findCluster(state, cluster)));
  }

  @Patch(':cluster')
  @Changes(ClusterDto, { summary: 'Change a cluster; fields given replace the whole value' })
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

  @Removes({ path: ':cluster', summary: 'Remove a cluster that has no links, no gateway and no publications any more' })
  async remove(
    @Param('network') network: string,
    @Param('cluster') cluster: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.decisions.decide(network, write, (state) =>
      decideRemoveCluster({ ...write.command, clusterId: findCluster(state, cluster).clusterId }, state),
    );
  }

  @Put(':cluster/members/:node')
  @Changes(ClusterDto, { summary: "Make a node a member, or replace its pods' ranges" })
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

  @Removes({ path: ':cluster/members/:node', summary: 'Take a node out of a cluster; no member, no change' })
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

  @Shows(ClusterAddressDto, {
    path: ':cluster/translate',
    summary: 'An address of a cluster from both sides: real and virtual',
  })
  async translate(
    @Param('network') network: string,
    @Param('cluster') cluster: string,
    @Query() { address }: TranslateQuery,
  ): Promise<ClusterAddressDto> {
    const state = await this.decisions.networkNamed(network);
    const { clusterId } = findCluster(state, cluster);
    return inField('address', () => translateClusterAddress(state, clusterId, address));
  }

  private command(
    network: string,
    write: WriteRequest,
    decide: (state: NetworkState) => Decision,
  ): Promise<ClusterDto> {
    return this.decisions.decide(network, write, (state) => {
      const { facts, answer } = decide(state);
      return { facts, answer: clusterDto(foldNew(networkFold, state, facts), answer as ClusterView) };
    });
  }
}
