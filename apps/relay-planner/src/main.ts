import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { countDistrust } from '#service/distrust-metrics.js';
import { runService } from '#service/run-service.js';
import { relayPlannerOptions } from './relay-planner.adapters.js';
import { RelayPlannerModule } from './relay-planner.module.js';

await runService('relay-planner', async ({ parts, logger, serveHealth }) => {
  const metrics = new Metrics();
  countDistrust(metrics, parts.connection);
  const module = RelayPlannerModule.register(relayPlannerOptions({ parts, logger, metrics }));
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: ['error', 'warn'] });
  const endHealth = await serveHealth(metrics);
  return async () => {
    await endHealth();
    await app.close();
  };
});
