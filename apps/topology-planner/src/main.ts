import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { serveHealth } from '#service/health-server.js';
import { runService } from '#service/run-service.js';
import { topologyPlannerOptions } from './topology-planner.adapters.js';
import { TopologyPlannerModule } from './topology-planner.module.js';

await runService('topology-planner', async ({ environment, secrets, parts, logger }) => {
  const metrics = new Metrics();
  const module = TopologyPlannerModule.register(topologyPlannerOptions({ parts, secrets, logger, metrics }));
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: ['error', 'warn'] });
  const { http, tls } = environment;
  const health = await serveHealth({
    ...http,
    tls,
    metrics,
    ready: { broker: () => parts.connection.check(), log: () => parts.store.head('system').then(() => undefined) },
  });
  return async () => {
    await health.stop();
    await app.close();
  };
});
