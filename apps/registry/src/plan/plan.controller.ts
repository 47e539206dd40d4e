import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { Access } from '../auth/access.js';
import { GatewayCommands } from '../gateways/gateway-commands.js';
import { jsonStream } from '../http/json-stream.js';
import { Write, type WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { nodeChanges } from '../topology/node-changes.js';
import { dryRun } from './dry-run.js';
import { PlanBody, PlanDto } from './plan.dto.js';

@ApiTags('plan')
@Controller('api/v1/networks/:network/plan')
export class PlanController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(GatewayCommands) private readonly gateways: GatewayCommands,
  ) {}

  @Post()
  @HttpCode(200)
  @Access('viewer')
  @ApiOperation({ summary: 'What commands would do, fact by fact and node by node; nothing is changed' })
  @ApiOkResponse({ type: PlanDto })
  async plan(
    @Param('network') nameOrId: string,
    @Body() { commands }: PlanBody,
    @Write() { command: meta }: WriteRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const networkId = await this.decisions.networkId(nameOrId);
    const before = await this.decisions.networkState(networkId);
    const { commandId, actor } = meta;
    const { after, facts } = await dryRun(before, commands, {
      meta,
      newId: uuidv7,
      tryGatewayCommand: ({ name: command, body }, planned) => {
        const base = { networkId, version: before.version, facts: planned };
        return this.gateways.plan({ ...base, meta: { commandId, actor }, command, body });
      },
    });
    const head = { version: before.version, facts: facts.map(({ version, type, data }) => ({ version, type, data })) };
    void reply.type('application/json').send(jsonStream(head, 'nodes', nodeChanges(before, after, facts)));
  }
}
