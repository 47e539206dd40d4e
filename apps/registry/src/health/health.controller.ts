import { Controller, Get, HttpException, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Unavailable } from '#contracts/errors.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { REGISTRY_OPTIONS, type ReadinessCheck, type RegistryOptions } from '../registry.options.js';

/** Milliseconds that one part may take to answer. */
const PATIENCE = 3_000;

@ApiTags('health')
@Controller()
export class HealthController {
  private readonly checks: ReadinessCheck[];

  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'store' | 'readiness' | 'metrics'>,
  ) {
    const log = { name: 'log', check: async () => void (await options.store.head(SYSTEM_STREAM)) };
    this.checks = [log, ...options.readiness];
  }

  @Get('healthz')
  @ApiOperation({
    summary: 'Whether this process lives; asks nothing else, so that an outage elsewhere restarts nobody',
  })
  @ApiOkResponse({ schema: { properties: { status: { type: 'string', enum: ['ok'] } } } })
  alive() {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Whether this replica can do its work: log, broker, outbox' })
  @ApiOkResponse({ description: 'Each part and its state' })
  async ready() {
    const attempts = this.checks.map(
      ({ name, check }) =>
        () =>
          this.indicators.check(name).attempt(check).withTimeout(PATIENCE),
    );
    try {
      const { details } = await this.health.check(attempts);
      return { status: 'ok', details };
    } catch (error) {
      throw error instanceof HttpException ? notReady(error.getResponse()) : error;
    }
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Prometheus metrics' })
  async measured(@Res() reply: FastifyReply): Promise<void> {
    void reply.type(this.options.metrics.contentType).send(await this.options.metrics.metrics());
  }
}

function notReady(response: unknown): Unavailable {
  const { error = {} } = response as { error?: Record<string, { message?: unknown }> };
  const parts = Object.entries(error).map(([name, { message }]) => `${name}: ${String(message ?? 'down')}`);
  return new Unavailable('service', `Not ready: ${parts.join('; ')}.`);
}
