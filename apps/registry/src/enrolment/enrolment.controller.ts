import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import type { EnrolResponse } from '#contracts/enrolment.js';
import { isRefusal } from '#contracts/errors.js';
import { nodeOf } from '#topology/lookup.js';
import type { NodeView } from '#topology/view.js';
import { secretHash } from '../auth/api-token.js';
import { ApiCreates } from '../http/routes.js';
import { writeRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { NetworkDirectory } from '../log/network-directory.js';
import { decideEnrolNode } from '../nodes/enrol-node.decider.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { EnrolBody, EnrolledDto } from './enrolment.dto.js';
import { EnrolmentGate } from './enrolment-gate.js';

@ApiTags('enrolment')
@Controller('api/v1')
export class EnrolmentController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(NetworkDirectory) private readonly directory: NetworkDirectory,
    @Inject(EnrolmentGate) private readonly gate: EnrolmentGate,
    @Inject(REGISTRY_OPTIONS) private readonly options: RegistryOptions,
  ) {}

  @Post('enroll')
  @ApiOperation({
    summary: 'Join a network with an enrolment key',
    description:
      'A machine that asks again with the same key, name and public keys gets its node back and uses up nothing.',
  })
  @ApiBearerAuth('enrolment')
  @ApiCreates()
  @ApiCreatedResponse({ type: EnrolledDto })
  async enrol(@Req() request: FastifyRequest, @Body() body: EnrolBody): Promise<EnrolResponse> {
    const { keyId, secret } = this.gate.keyOf(request);
    const network = await this.directory.find(({ keys, network }) =>
      keys.has(keyId) ? (network ?? undefined) : undefined,
    );
    if (!network) throw this.gate.unknownKey(request);
    try {
      const node = await this.admit(request, network.networkId, { ...body, keyId, secretHash: secretHash(secret) });
      request.actor = `key/${keyId}`;
      return await this.welcome(network.name, node);
    } catch (error) {
      if (isRefusal(error) && error.code === 'key_unknown') throw this.gate.unknownKey(request);
      request.actor = `key/${keyId}`;
      throw error;
    }
  }

  private async admit(
    request: FastifyRequest,
    networkId: string,
    body: EnrolBody & { keyId: string; secretHash: string },
  ): Promise<NodeView & { natsKey: string }> {
    const { command, fingerprint } = writeRequest(request, `key/${body.keyId}`, this.options.clock.now());
    const enrol = { ...command, ...body, nodeId: uuidv7() };
    const { answer, repeated } = await this.decisions.networks.execute<NodeView>(networkId, {
      commandId: command.commandId,
      fingerprint,
      decide: (state) => decideEnrolNode(enrol, state),
    });
    if (!repeated) return { ...answer, natsKey: body.natsKey };
    // The answer may be of a node that was removed since, and that must not get another login.
    return nodeOf(await this.decisions.networkState(networkId), answer.nodeId);
  }

  private async welcome(network: string, node: NodeView & { natsKey: string }): Promise<EnrolResponse> {
    const { nodeId, name, addresses, natsKey, version } = node;
    const nats = await this.options.credentials.mint({ nodeId, natsKey });
    const { controllerKey, ca } = this.options;
    return { nodeId, network, name, addresses, controllerKey, ca, nats, version };
  }
}
