import { readFileSync } from 'node:fs';
import { Server as HttpsServer } from 'node:https';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { natsServerConfig } from '#messaging/server-config.js';
import { followCertificate, readCertificate } from '#service/certificate-files.js';
import { ensureSecrets, readTrust, type Secrets } from '#service/secrets.js';
import { openServiceParts, type ServiceParts } from '#service/service-parts.js';
import { gatewayManagerOptions } from '../../gateway-manager/src/gateway-manager.adapters.js';
import { relayPlannerOptions } from '../../relay-planner/src/relay-planner.adapters.js';
import { ensureAdminToken } from '../../registry/src/auth/admin-token.js';
import { certificatePin } from '../../registry/src/certificate-pin.js';
import { createHttpApp } from '../../registry/src/http/http-app.js';
import { openRegistry } from '../../registry/src/registry.adapters.js';
import { topologyPlannerOptions } from '../../topology-planner/src/topology-planner.adapters.js';
import { ControlPlaneModule } from './control-plane.module.js';
import { givenCertificate, ownCertificate, type ServerCertificate } from './parts/authority.js';
import { type DataDir, openDataDir } from './parts/data-dir.js';
import type { StartPart } from './parts/lifecycle.js';
import { certificateNames, localAddress, needsTls, publicNatsUrl, publicUrl } from './parts/names.js';
import { findNatsServer } from './parts/nats-binary.js';
import { startNats } from './parts/nats.js';
import type { UpOptions } from './parts/options.js';
import { type Address, claimPort, formatAddress } from './parts/ports.js';
import { startPostgres } from './parts/postgres.js';

/** Starts a complete control plane: database, broker, all services. Each part is stopped in reverse order. */
export async function startControlPlane(options: UpOptions, logger: Logger, part: StartPart): Promise<void> {
  const dir = openDataDir(options.data);
  await part('data directory', () => ({ stop: () => dir.release() }));
  const http: Address = { ...options.http, port: await claimPort(options.http, '--http') };
  const now = new Date();
  const secrets = await secretsOf(options, dir, now);
  const certificate = await certificateOf(options, dir, now);

  const databaseUrl = await startDatabase(options, dir, { logger, part });
  const broker = await startBroker(options, { dir, secrets, certificate, http }, { logger, part });
  const parts = await part('log and broker', async () => {
    const opened = await openServiceParts({
      name: 'standalone',
      databaseUrl,
      natsUrls: broker.urls,
      ca: broker.ca,
      trust: secrets.trust,
      streamReplicas: 1,
      logger,
    });
    return { ...opened, stop: () => opened.close() };
  });

  const adminTokenFile = dir.key('admin-token');
  await ensureAdminToken(parts.store, adminTokenFile, now);
  const url = publicUrl(options, http);
  if (certificate)
    await part('certificate', () => ({
      stop: renewEvery(HALF_A_DAY, () => certificateOf(options, dir, new Date()), logger),
    }));
  const { proxies } = options;
  await part('services', () => startServices({ parts, secrets, certificate, broker, http, url, proxies, logger }));
  const local = `${certificate ? 'https' : 'http'}://${formatAddress(localAddress(http))}`;
  dir.announce({ http: local, nats: broker.urls[0] ?? '', adminTokenFile, caFile: certificate?.caFile });
  process.stdout.write(welcome({ local, url, nats: broker.publicUrls[0] ?? '', adminTokenFile, certificate }));
}

const HALF_A_DAY = 12 * 3_600_000;

/** Ours is renewed in place in time; whoever serves it sees the files change. One that was given is its giver's to renew. */
function renewEvery(pauseMs: number, renew: () => Promise<unknown>, logger: Logger): () => Promise<void> {
  const timer = setInterval(() => {
    renew().catch((error: Error) => logger.warn({ why: error.message }, 'certificate'));
  }, pauseMs);
  return async () => clearInterval(timer);
}

interface Surroundings {
  logger: Logger;
  part: StartPart;
}

interface Broker {
  /** Where the services reach it, and where agents do. */
  urls: string[];
  publicUrls: string[];
  ca: string | null;
  /** Has it read the certificate again. */
  reload(): void;
}

/** Ours; with a broker that somebody else runs, its operator's keys instead. */
async function secretsOf({ nats }: UpOptions, dir: DataDir, now: Date): Promise<Secrets> {
  const own = await ensureSecrets(dir.keys, now);
  return nats.kind === 'external' ? { ...own, trust: readTrust(nats.trustFile) } : own;
}

async function certificateOf(options: UpOptions, dir: DataDir, now: Date): Promise<ServerCertificate | undefined> {
  if (!needsTls(options)) return undefined;
  if (options.tls) return givenCertificate(options.tls, new URL(publicUrl(options, options.http)).hostname, now);
  return ownCertificate({ keys: dir.keys, names: certificateNames(options), now });
}

async function startDatabase(options: UpOptions, dir: DataDir, { logger, part }: Surroundings): Promise<string> {
  const { database } = options;
  if (database.kind === 'external') return database.url;
  const postgres = await part('PostgreSQL', () =>
    startPostgres({
      dir: dir.postgres,
      passwordFile: dir.key('postgres-password'),
      logFile: join(dir.logs, 'postgres.log'),
      port: database.port,
      log: logger,
    }),
  );
  return postgres.url;
}

interface BrokerNeeds {
  dir: DataDir;
  secrets: Secrets;
  certificate: ServerCertificate | undefined;
  http: Address;
}

async function startBroker(options: UpOptions, needs: BrokerNeeds, { logger, part }: Surroundings): Promise<Broker> {
  const { nats } = options;
  const { dir, secrets, certificate, http } = needs;
  if (nats.kind === 'external') {
    const ca = nats.caFile ? readFileSync(nats.caFile, 'utf8') : null;
    return { urls: nats.urls, publicUrls: nats.urls, ca, reload: () => undefined };
  }
  const binary = await findNatsServer({ cacheDir: dir.cache, log: logger });
  const configText = natsServerConfig({
    trust: secrets.trust,
    serverName: 'tombolo',
    storeDir: join(dir.nats, 'jetstream'),
    resolverDir: join(dir.nats, 'accounts'),
    tls: certificate && { certFile: certificate.certFile, keyFile: certificate.keyFile },
  });
  const files = { dir: dir.nats, configText, logFile: join(dir.logs, 'nats.log') };
  const { port, reload } = await part('NATS', () =>
    startNats({ ...files, listen: nats.listen, binary, log: logger }).catch(async (error: unknown) => {
      // Asked afterwards, since starting ends what an earlier run left on the port: then this sentence is the clearer one.
      await claimPort(nats.listen, '--nats');
      throw error;
    }),
  );
  const listen = { ...nats.listen, port };
  const scheme = certificate ? 'tls' : 'nats';
  return {
    urls: [`${scheme}://${formatAddress(localAddress(listen))}`],
    publicUrls: [publicNatsUrl(options, listen, publicUrl(options, http))],
    ca: authorityOf(certificate),
    reload,
  };
}

interface Services {
  parts: ServiceParts;
  secrets: Secrets;
  certificate: ServerCertificate | undefined;
  broker: Broker;
  http: Address;
  url: string;
  proxies: number;
  logger: Logger;
}

async function startServices({ parts, secrets, certificate, broker, http, url, proxies, logger }: Services) {
  const metrics = new Metrics();
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

const authorityOf = (certificate: ServerCertificate | undefined) =>
  certificate?.caFile ? readFileSync(certificate.caFile, 'utf8') : null;

interface Welcome {
  local: string;
  url: string;
  nats: string;
  adminTokenFile: string;
  certificate: ServerCertificate | undefined;
}

function welcome({ local, url, nats, adminTokenFile, certificate }: Welcome): string {
  const lines = [
    '',
    `Tombolo is ready.`,
    `  API          ${local}${url === local ? '' : `  (nodes: ${url})`}`,
    `  API docs     ${local}/api/docs`,
    `  NATS         ${nats}`,
    `  admin token  ${adminTokenFile}`,
    ...(certificate?.caFile ? [`  authority    ${certificate.caFile}`] : []),
    '',
    'Next, in another shell in this folder:',
    '  npx tombolo network create office',
    '  npx tombolo key create --network office',
    'and on each node, as root, with the string that the key command printed:',
    '  npx tombolo-agent up --token tmb_…',
    '',
    'Ctrl-C stops everything; the data stays.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}
