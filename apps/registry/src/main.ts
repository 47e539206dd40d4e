import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { Registry as Metrics } from 'prom-client';
import { runService } from '#service/run-service.js';
import { ensureAdminToken } from './auth/admin-token.js';
import { createHttpApp } from './http/http-app.js';
import { openRegistry } from './registry.adapters.js';
import { RegistryModule } from './registry.module.js';

await runService('registry', async ({ environment, secrets, parts, logger }) => {
  const { keysDir, ca, tls, http, publicUrl, natsUrls, natsPublicUrls } = environment;
  const metrics = new Metrics();
  await ensureAdminToken(parts.store, join(keysDir, 'admin-token'), new Date());
  const pinned = ca ?? tls?.cert;
  const registry = await openRegistry({
    parts,
    secrets,
    natsUrls,
    natsPublicUrls,
    ca,
    pin: pinned ? createHash('sha256').update(new X509Certificate(pinned).raw).digest('hex') : null,
    publicUrl: () => publicUrl,
    logger,
    metrics,
  });
  const app = await createHttpApp(
    RegistryModule.register(registry.options),
    { logger, metrics },
    { tls: tls ?? undefined },
  );
  await app.listen(http.port, http.host);
  return async () => {
    await app.close();
    await registry.close();
  };
});
