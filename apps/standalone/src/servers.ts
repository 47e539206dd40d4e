import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { authorityOf } from './parts/authority.js';
import { startBrokers } from './parts/brokers.js';
import type { DataDir } from './parts/data-dir.js';
import { keepRunning } from './parts/kept.js';
import { localAddress, publicNatsUrl, publicUrl } from './parts/names.js';
import { findNatsServer } from './parts/nats-binary.js';
import type { UpOptions } from './parts/options.js';
import { type Address, claimPort, formatAddress } from './parts/ports.js';
import { type Postgres, startPostgres } from './parts/postgres.js';
import type { Broker, Database, ServiceNeeds, Surroundings } from './surroundings.js';

/** Ours, or the one that somebody else runs. */
export async function startDatabase(options: UpOptions, dir: DataDir, surroundings: Surroundings): Promise<Database> {
  const { database, replicas } = options;
  const { logger, part, announce } = surroundings;
  if (database.kind === 'external') return { url: database.url };
  const kept = await part('PostgreSQL', () =>
    keepRunning<Postgres>({
      name: 'PostgreSQL',
      start: (before) =>
        startPostgres({
          dir: dir.postgres,
          passwordFile: dir.key('postgres-password'),
          logFile: join(dir.logs, 'postgres.log'),
          port: before?.port ?? database.port,
          // Each process has a pool of twenty, and some are left for whoever looks after it.
          settings: replicas > 1 ? { max_connections: String(replicas * 4 * 20 + 20) } : {},
          log: logger,
        }),
      onReplaced: announce,
      log: logger,
    }),
  );
  const { url } = kept.now;
  return { url, describe: () => ({ host: new URL(url).hostname, port: kept.now.port, pid: kept.now.pid }) };
}

type BrokerNeeds = Pick<ServiceNeeds, 'dir' | 'secrets' | 'certificate' | 'http'>;

/** Ours, or those that somebody else runs. */
export async function startBroker(options: UpOptions, needs: BrokerNeeds, surroundings: Surroundings): Promise<Broker> {
  const { nats } = options;
  const { dir, secrets, certificate, http } = needs;
  const { logger, part, announce } = surroundings;
  if (nats.kind === 'external') {
    const ca = nats.caFile ? readFileSync(nats.caFile, 'utf8') : null;
    return { urls: nats.urls, publicUrls: nats.urls, streamReplicas: 1, ca, reload: () => undefined };
  }
  const { listen, nodes } = nats;
  const binary = await findNatsServer({ cacheDir: dir.cache, log: logger });
  const { brokers } = await part('NATS', async () => {
    const started = await startBrokers({
      trust: secrets.trust,
      dir: dir.nats,
      logsDir: dir.logs,
      listen,
      nodes,
      binary,
      tls: certificate && { certFile: certificate.certFile, keyFile: certificate.keyFile },
      onReplaced: announce,
      log: logger,
    }).catch(async (error: unknown) => {
      // Asked afterwards, since starting ends what an earlier run left on the port: then this sentence is the clearer one.
      await claimPort(listen, '--nats');
      throw error;
    });
    const stop = async () => void (await Promise.all(started.map(({ kept }) => kept.stop())));
    return { brokers: started, stop };
  });
  const scheme = certificate ? 'tls' : 'nats';
  const urlOf = (address: Address) => `${scheme}://${formatAddress(localAddress(address))}`;
  return {
    urls: brokers.map((one) => urlOf(one.listen)),
    publicUrls: brokers.map((one) => publicNatsUrl(options, one.listen, publicUrl(options, http))),
    streamReplicas: nodes,
    ca: authorityOf(certificate),
    reload: () => brokers.forEach(({ kept }) => kept.now.reload()),
    describe: () => brokers.map(({ name, listen: at, kept }) => ({ name, url: urlOf(at), pid: kept.now.pid })),
  };
}
