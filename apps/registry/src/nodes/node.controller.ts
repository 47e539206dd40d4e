import { Body, Controller, HttpCode, Inject, Param, Patch, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Decision } from '#contracts/decision.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { type NodeView, nodeView } from '#topology/view.js';
import { Access } from '../auth/access.js';
import { EtagInterceptor } from '../http/etag.interceptor.js';
import { PageQuery } from '../http/page.dto.js';
import { type Page, pageOf } from '../http/paging.js';
import { ApiChanges, Changes, Lists, Removes, Shows } from '../http/routes.js';
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

  @Lists(NodeDto, { summary: 'List nodes by name' })
  async list(@Param('network') network: string, @Query() query: PageQuery): Promise<Page<NodeView>> {
    const state = await this.decisions.networkNamed(network);
    const { items, nextCursor } = pageOf(nodesByName(state), query, ({ name }) => name);
    return { items: items.map(nodeView), nextCursor };
  }

  @Shows(NodeDto, { path: ':node', summary: 'Show a node, by name or id' })
  async show(@Param('network') network: string, @Param('node') node: string): Promise<NodeView> {
    return nodeView(findNode(await this.decisions.networkNamed(network), node));
  }

  @Patch(':node')
  @Changes(NodeDto, { summary: 'Change a node' })
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
  @Changes(NodeDto, { summary: 'Take a node out of the mesh; it stays enrolled' })
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
  @Changes(NodeDto, { summary: 'Put a disabled node back' })
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

  @Removes({ path: ':node', summary: 'Remove a node: its peers forget it, its credentials end at once' })
  async remove(
    @Param('network') network: string,
    @Param('node') node: string,
    @Write() write: WriteRequest,
  ): Promise<void> {
    await this.command({ network, node }, write, ({ nodeId }, state) =>
      decideRemoveNode({ ...write.command, nodeId, reason: 'operator' }, state),
    );
  }

  private command(
    { network, node }: NodePath,
    write: WriteRequest,
    decide: (node: NodeState, state: NetworkState) => Decision,
  ): Promise<NodeView> {
    return this.decisions.decide(network, write, (state) => decide(findNode(state, node), state));
  }
}

interface NodePath {
  network: string;
  node: string;
}
