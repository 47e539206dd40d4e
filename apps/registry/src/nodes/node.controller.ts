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
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Decision } from '#contracts/decision.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { networkOf } from '#topology/lookup.js';
import { type NodeView, nodeView } from '#topology/view.js';
import { Access } from '../auth/access.js';
import { ApiChanges } from '../http/api-writes.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { ApiPage, PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { decideChangeNode } from './change-node.decider.js';
import { findNode, nodesByName } from './find-node.js';
import { decideRequestKeyRotation } from './key-rotation.decider.js';
import { ChangeNodeBody, NodeDto, RotateKeyBody } from './node.dto.js';
import { decideDisableNode, decideEnableNode, decideRemoveNode } from './node-lifecycle.decider.js';

@ApiTags('nodes')
@Controller('api/v1/networks/:network/nodes')
@UseInterceptors(EtagInterceptor)
export class NodeController {
  constructor(@Inject(Decisions) private readonly decisions: Decisions) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List nodes by name' })
  @ApiPage(NodeDto)
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<NodeView>> {
    const state = await this.decisions.networkState(await this.decisions.networkId(network));
    networkOf(state);
    const { items, nextCursor } = pageOf(nodesByName(state), query, ({ name }) => name);
    return { items: items.map(nodeView), nextCursor };
  }

  @Get(':node')
  @Access('viewer')
  @ApiOperation({ summary: 'Show a node, by name or id' })
  @ApiOkResponse({ type: NodeDto })
  async show(@Param('network') network: string, @Param('node') node: string): Promise<NodeView> {
    return nodeView(findNode(await this.decisions.networkState(await this.decisions.networkId(network)), node));
  }

  @Patch(':node')
  @Access('operator')
  @ApiOperation({ summary: 'Change a node' })
  @ApiChanges()
  @ApiOkResponse({ type: NodeDto })
  change(
    @Param('network') network: string,
    @Param('node') node: string,
    @Body() body: ChangeNodeBody,
    @Write() write: WriteRequest,
  ): Promise<NodeView> {
    return this.command({ network, node }, write, ({ nodeId }, state) =>
      decideChangeNode({ ...write.command, ...body, nodeId }, state),
    );
  }

  @Post(':node/disable')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Take a node out of the mesh; it stays enrolled' })
  @ApiChanges()
  @ApiOkResponse({ type: NodeDto })
  disable(
    @Param('network') network: string,
    @Param('node') node: string,
    @Write() write: WriteRequest,
  ): Promise<NodeView> {
    return this.command({ network, node }, write, ({ nodeId }, state) =>
      decideDisableNode({ ...write.command, nodeId }, state),
    );
  }

  @Post(':node/enable')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Put a disabled node back' })
  @ApiChanges()
  @ApiOkResponse({ type: NodeDto })
  enable(
    @Param('network') network: string,
    @Param('node') node: string,
    @Write() write: WriteRequest,
  ): Promise<NodeView> {
    return this.command({ network, node }, write, ({ nodeId }, state) =>
      decideEnableNode({ ...write.command, nodeId }, state),
    );
  }

  @Post(':node/rotate-key')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Have a node make a new WireGuard key',
    description:
      'The node makes it, its peers learn it, and then all change over at once; `keyRotation` tells how far it is. Refused (`in_use`) where external clients have the key in their files, unless forced.',
  })
  @ApiChanges()
  @ApiAcceptedResponse({ type: NodeDto })
  rotateKey(
    @Param('network') network: string,
    @Param('node') node: string,
    @Body() body: RotateKeyBody,
    @Write() write: WriteRequest,
  ): Promise<NodeView> {
    return this.command({ network, node }, write, ({ nodeId }, state) =>
      decideRequestKeyRotation({ ...write.command, ...body, nodeId }, state),
    );
  }

  @Delete(':node')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Remove a node: its peers forget it, its credentials end at once' })
  @ApiChanges()
  @ApiNoContentResponse()
  async remove(
    @Param('network') network: string,
    @Param('node') node: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.command({ network, node }, write, ({ nodeId }, state) =>
      decideRemoveNode({ ...write.command, nodeId, reason: 'operator' }, state),
    );
  }

  /** The node is looked up inside the decision, so that a repeated command gets its answer also when the name is gone. */
  private async command(
    { network, node }: NodePath,
    { command, fingerprint }: WriteRequest,
    decide: (node: NodeState, state: NetworkState) => Decision,
  ): Promise<NodeView> {
    const outcome = await this.decisions.networks.execute<NodeView>(await this.decisions.networkId(network), {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decide(findNode(state, node), state),
    });
    return outcome.answer;
  }
}

interface NodePath {
  network: string;
  node: string;
}
