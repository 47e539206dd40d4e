import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { countDistrust } from '#service/distrust-metrics.js';
import { runService } from '#service/run-service.js';
import { topologyPlannerOptions } from './topology-planner.adapters.js';
import { TopologyPlannerModule } from './topology-planner.module.js';

await runService('topology-planner', async ({ secrets, parts, logger, serveHealth }) => {
  const metrics = new Metrics();
  countDistrust(metrics, parts.connection);
  const module = TopologyPlannerModule.register(topologyPlannerOptions({ parts, secrets, logger, metrics }));
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: ['error', 'warn'] });
  const endHealth = await serveHealth(metrics);
  return async () => {
    await endHealth();
    await app.close();
  };
});
