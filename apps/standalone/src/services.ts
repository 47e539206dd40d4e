import { Server as HttpsServer } from 'node:https';
import type { Logger } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { followCertificate, readCertificate } from '#service/certificate-files.js';
import { countDistrust } from '#service/distrust-metrics.js';
import { openServiceParts, type ServiceParts } from '#service/service-parts.js';
import { gatewayManagerOptions } from '../../gateway-manager/src/gateway-manager.adapters.js';
import { relayPlannerOptions } from '../../relay-planner/src/relay-planner.adapters.js';
import { ensureAdminToken } from '../../registry/src/auth/admin-token.js';
import { certificatePin } from '../../registry/src/certificate-pin.js';
import { createHttpApp } from '../../registry/src/http/http-app.js';
import { openRegistry } from '../../registry/src/registry.adapters.js';
import { topologyPlannerOptions } from '../../topology-planner/src/topology-planner.adapters.js';
import { ControlPlaneModule } from './control-plane.module.js';
import { authorityOf } from './parts/authority.js';
import { formatAddress } from './parts/ports.js';
import { type Replicas, startReplicas } from './parts/replicas.js';
import type { ServiceNeeds, Surroundings } from './surroundings.js';

/** All services in this process. */
export async function startInOneProcess(needs: ServiceNeeds, { logger, part }: Surroundings): Promise<void> {
  const { options, dir, secrets, database, broker } = needs;
  const parts = await part('log and broker', async () => {
    const opened = await openServiceParts({
      name: 'standalone',
      databaseUrl: database.url,
      natsUrls: broker.urls,
      ca: broker.ca,
      trust: secrets.trust,
      streamReplicas: broker.streamReplicas,
      logger,
    });
    return { ...opened, stop: () => opened.close() };
  });
  await ensureAdminToken(parts.store, dir.key('admin-token'), new Date());
  await part('services', () => startServices({ ...needs, parts, proxies: options.proxies, logger }));
}

/** Every service several times, as processes of their own; the registries share the address of the API. */
export async function startProcesses(needs: ServiceNeeds, { logger, part, announce }: Surroundings): Promise<Replicas> {
  const { options, dir, mark, certificate, database, broker, http, url } = needs;
  const env = {
    TOMBOLO_DATABASE_URL: database.url,
    TOMBOLO_NATS_URL: broker.urls.join(','),
    TOMBOLO_NATS_PUBLIC_URL: broker.publicUrls.join(','),
    TOMBOLO_KEYS_DIR: dir.keys,
    TOMBOLO_STREAM_REPLICAS: String(broker.streamReplicas),
    TOMBOLO_HTTP: formatAddress(http),
    TOMBOLO_PUBLIC_URL: url,
    TOMBOLO_TLS_CERT: certificate?.certFile,
    TOMBOLO_TLS_KEY: certificate?.keyFile,
    TOMBOLO_CA: certificate?.caFile,
  };
  if (certificate)
    // They see by themselves that the files have changed.
    await part('certificate of NATS', () => ({
      stop: followCertificate({ files: certificate, server: { setSecureContext: broker.reload }, logger }),
    }));
  const { replicas: count } = options;
  return part('services', () =>
    startReplicas({ mark, count, logsDir: dir.logs, env, onReplaced: announce, log: logger }),
  );
}

interface Services extends ServiceNeeds {
  parts: ServiceParts;
  proxies: number;
  logger: Logger;
}

async function startServices({ parts, secrets, certificate, broker, http, url, proxies, logger }: Services) {
  const metrics = new Metrics();
  countDistrust(metrics, parts.connection);
  const registry = await openRegistry({
    parts,
    secrets,
    natsUrls: broker.urls,
    natsPublicUrls: broker.publicUrls,
    ca: authorityOf(certificate),
    pin: certificate?.pin ?? null,
    publicUrl: () => url,
    logger,
    metrics,
  });
  const module = ControlPlaneModule.register({
    registry: registry.options,
    topologyPlanner: topologyPlannerOptions({ parts, secrets, logger, metrics }),
    gatewayManager: gatewayManagerOptions({ parts, logger, metrics }),
    relayPlanner: relayPlannerOptions({ parts, logger, metrics }),
  });
  const tls = certificate && readCertificate(certificate);
  const app = await createHttpApp(module, { logger, metrics }, { tls, proxies });
  await app.listen(http.port, http.host);
  const server = app.getHttpServer();
  const unfollow =
    certificate && server instanceof HttpsServer
      ? followCertificate({
          files: certificate,
          server,
          onChange: () => {
            broker.reload();
            registry.options.pin = certificatePin(authorityOf(certificate), readCertificate(certificate).cert);
          },
          logger,
        })
      : undefined;
  return {
    stop: async () => {
      unfollow?.();
      await app.close();
      await registry.close();
    },
  };
}
