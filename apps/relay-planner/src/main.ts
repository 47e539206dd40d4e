import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { serveHealth } from '#service/health-server.js';
import { runService } from '#service/run-service.js';
import { commandSubject } from '#contracts/subjects.js';
import { serveCommand } from '#messaging/command-bus.js';
import { RelayPlannerModule } from './relay-planner.module.js';

await runService('relay-planner', async ({ environment, parts, logger }) => {
  const metrics = new Metrics();
  const module = RelayPlannerModule.register({
    replica: randomUUID(),
    networks: parts.networks,
    serveCommand: (command, handle) =>
      serveCommand(parts.connection, commandSubject('relay-planner', command), handle, logger),
  });
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
