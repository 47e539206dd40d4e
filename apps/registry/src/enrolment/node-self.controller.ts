import { Body, Controller, Delete, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { sha256Hex } from '#contracts/canonical.js';
import { nodeOf } from '#topology/lookup.js';
import { verifyNatively } from '#service/verify-natively.js';
import { decideSignMembers } from '../lock/sign-members.decider.js';
import { Decisions } from '../log/decisions.js';
import { decideOfferKey } from '../nodes/key-rotation.decider.js';
import { decideLeave } from '../nodes/node-lifecycle.decider.js';
import { type NodeLogin, REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import {
  LeaveProofBody,
  MembershipProofBody,
  NodeLoginDto,
  RefreshProofBody,
  RotateKeyProofBody,
} from './enrolment.dto.js';
import { NodeProofs } from './node-proofs.js';

/** What a node asks for itself, proven with its own key. */
@ApiTags('enrolment')
@Controller('api/v1/nodes/:id')
export class NodeSelfController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(NodeProofs) private readonly proofs: NodeProofs,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'credentials' | 'clock'>,
  ) {}

  @Post('credentials')
  @HttpCode(200)
  @ApiOperation({ summary: 'Renew the broker login of a node, asked for by the node itself' })
  @ApiOkResponse({ type: NodeLoginDto })
  async refresh(
    @Param('id') nodeId: string,
    @Body() proof: RefreshProofBody,
    @Req() request: FastifyRequest,
  ): Promise<NodeLogin> {
    const { networkId } = await this.proofs.verify(nodeId, proof, request.ip);
    request.actor = `node/${nodeId}`;
    // Read at the log's head: a node that was removed a moment ago must not get another login.
    const { natsKey } = nodeOf(await this.decisions.networkState(networkId), nodeId);
    return this.options.credentials.mint({ nodeId, natsKey });
  }

  @Post('public-key')
  @HttpCode(204)
  @ApiOperation({ summary: 'Offer the new WireGuard key that was asked for, by the node itself' })
  @ApiNoContentResponse()
  async offerKey(
    @Param('id') nodeId: string,
    @Body() proof: RotateKeyProofBody,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const { networkId } = await this.proofs.verify(nodeId, proof, request.ip);
    const { publicKey } = proof;
    const actor = `node/${nodeId}`;
    request.actor = actor;
    const commandId = uuidv7();
    const command = { commandId, actor, at: this.options.clock.now().toISOString(), nodeId, publicKey };
    await this.decisions.networks.execute(networkId, {
      commandId,
      fingerprint: 'rotate-key',
      decide: (state) => decideOfferKey(command, state),
    });
  }

  @Post('membership')
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign its own membership with the key in its enrolment token, by the node itself' })
  @ApiNoContentResponse()
  async sign(
    @Param('id') nodeId: string,
    @Body() proof: MembershipProofBody,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const { networkId } = await this.proofs.verify(nodeId, proof, request.ip);
    const actor = `node/${nodeId}`;
    request.actor = actor;
    const commandId = uuidv7();
    const command = { commandId, actor, at: this.options.clock.now().toISOString(), verify: verifyNatively };
    await this.decisions.networks.execute(networkId, {
      commandId,
      fingerprint: 'membership',
      decide: (state) => {
        const { publicKey } = nodeOf(state, nodeId);
        return decideSignMembers({ ...command, signatures: [{ memberId: nodeId, publicKey, ...proof.signed }] }, state);
      },
    });
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Leave the network, asked for by the node itself' })
  @ApiNoContentResponse()
  async leave(
    @Param('id') nodeId: string,
    @Body() proof: LeaveProofBody,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const { networkId } = await this.proofs.verify(nodeId, proof, request.ip);
    const actor = `node/${nodeId}`;
    request.actor = actor;
    const commandId = sha256Hex(`leave:${nodeId}`);
    const command = { commandId, actor, at: this.options.clock.now().toISOString(), nodeId };
    await this.decisions.networks.execute(networkId, {
      commandId,
      fingerprint: 'leave',
      decide: (state) => decideLeave(command, state),
    });
  }
}
