import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { commandSubject } from '#contracts/subjects.js';
import { serveCommand } from '#messaging/command-bus.js';
import { runService } from '#service/run-service.js';
import { RelayPlannerModule } from './relay-planner.module.js';

await runService('relay-planner', async ({ parts, logger, serveHealth }) => {
  const module = RelayPlannerModule.register({
    replica: randomUUID(),
    networks: parts.networks,
    serveCommand: (command, handle) =>
      serveCommand(parts.connection, commandSubject('relay-planner', command), handle, logger),
  });
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: ['error', 'warn'] });
  const endHealth = await serveHealth(new Metrics());
  return async () => {
    await endHealth();
    await app.close();
  };
});
