import type { Logger } from 'pino';
import { ensureSecrets, readTrust, type Secrets } from '#service/secrets.js';
import { givenCertificate, ownCertificate, type ServerCertificate } from './parts/authority.js';
import { type DataDir, openDataDir } from './parts/data-dir.js';
import type { StartPart } from './parts/lifecycle.js';
import { certificateNames, localAddress, needsTls, publicUrl } from './parts/names.js';
import type { UpOptions } from './parts/options.js';
import { type Address, claimPort, formatAddress } from './parts/ports.js';
import { type Replicas, stopLeftReplicas } from './parts/replicas.js';
import { startBroker, startDatabase } from './servers.js';
import { startInOneProcess, startProcesses } from './services.js';
import type { ServiceNeeds, Surroundings } from './surroundings.js';

/** Starts a complete control plane: database, brokers, all services. Each part is stopped in reverse order. */
export async function startControlPlane(options: UpOptions, logger: Logger, part: StartPart): Promise<void> {
  const dir = openDataDir(options.data);
  await part('data directory', () => ({ stop: () => dir.release() }));
  const mark = `tombolo-of=${dir.path}`;
  await stopLeftReplicas(mark, logger);
  const http: Address = { ...options.http, port: await claimPort(options.http, '--http') };
  const now = new Date();
  const secrets = await secretsOf(options, dir, now);
  const certificate = await certificateOf(options, dir, now);
  const url = publicUrl(options, http);
  const local = `${certificate ? 'https' : 'http'}://${formatAddress(localAddress(http))}`;
  const adminTokenFile = dir.key('admin-token');
  let replicas: Replicas | undefined;
  let isReady = false;
  /** Tells where everything is, as long as all of it has been ready once. */
  const announce = () => {
    if (!isReady) return;
    dir.announce({
      http: local,
      nats: broker.urls[0] ?? '',
      adminTokenFile,
      caFile: certificate?.caFile,
      ...(broker.describe && { brokers: broker.describe() }),
      ...(database.describe && { database: database.describe() }),
      ...(replicas && { services: replicas.describe() }),
    });
  };
  const surroundings: Surroundings = { logger, part, announce };

  const database = await startDatabase(options, dir, surroundings);
  const broker = await startBroker(options, { dir, secrets, certificate, http }, surroundings);
  if (certificate)
    await part('certificate', () => ({
      stop: renewEvery(HALF_A_DAY, () => certificateOf(options, dir, new Date()), logger),
    }));
  const needs: ServiceNeeds = { options, dir, mark, secrets, certificate, database, broker, http, url };
  if (options.replicas > 1) replicas = await startProcesses(needs, surroundings);
  else await startInOneProcess(needs, surroundings);
  isReady = true;
  announce();
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
