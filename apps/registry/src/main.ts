import { Server as HttpsServer } from 'node:https';
import { join } from 'node:path';
import { Registry as Metrics } from 'prom-client';
import { followCertificate, readCertificate } from '#service/certificate-files.js';
import { countDistrust } from '#service/distrust-metrics.js';
import { runService } from '#service/run-service.js';
import { ensureAdminToken } from './auth/admin-token.js';
import { certificatePin } from './certificate-pin.js';
import { createHttpApp } from './http/http-app.js';
import { openRegistry } from './registry.adapters.js';
import { RegistryModule } from './registry.module.js';
import { systemClock } from './registry.options.js';

await runService('registry', async ({ environment, secrets, parts, logger, serveHealth }) => {
  const { natsUrls, natsPublicUrls, ca, tls, proxies, http, keysDir, publicUrl } = environment;
  const metrics = new Metrics();
  countDistrust(metrics, parts.connection);
  const adminTokenFile = join(keysDir, 'admin-token');
  if ((await ensureAdminToken(parts.store, adminTokenFile, systemClock.now())) === 'created')
    logger.info({ file: adminTokenFile }, 'admin token made');
  const pin = () => certificatePin(ca, tls && readCertificate(tls).cert);
  const registry = await openRegistry({
    parts,
    secrets,
    natsUrls,
    natsPublicUrls,
    ca,
    pin: pin(),
    publicUrl: () => publicUrl,
    logger,
    metrics,
  });
  const app = await createHttpApp(
    RegistryModule.register(registry.options),
    { logger, metrics },
    { tls: tls ?? undefined, proxies },
  );
  const server = app.getHttpServer();
  const unfollow =
    tls && server instanceof HttpsServer
      ? followCertificate({ files: tls, server, onChange: () => (registry.options.pin = pin()), logger })
      : undefined;
  let endHealth: (() => Promise<void>) | undefined;
  const stop = async () => {
    await endHealth?.();
    unfollow?.();
    await app.close();
    await registry.close();
  };
  try {
    await app.listen(http.port, http.host);
    const checks = registry.options.readiness.map(({ name, check }) => [name, check] as const);
    if (environment.health) endHealth = await serveHealth(metrics, Object.fromEntries(checks));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
});
