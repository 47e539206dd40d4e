import { NestFactory } from '@nestjs/core';
import { Registry as Metrics } from 'prom-client';
import { countDistrust } from '#service/distrust-metrics.js';
import { runService } from '#service/run-service.js';
import { gatewayManagerOptions } from './gateway-manager.adapters.js';
import { GatewayManagerModule } from './gateway-manager.module.js';

await runService('gateway-manager', async ({ parts, logger, serveHealth }) => {
  const metrics = new Metrics();
  countDistrust(metrics, parts.connection);
  const module = GatewayManagerModule.register(gatewayManagerOptions({ parts, logger, metrics }));
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: ['error', 'warn'] });
  const endHealth = await serveHealth(metrics);
  return async () => {
    await endHealth();
    await app.close();
  };
});
