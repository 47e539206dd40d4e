import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { natsServerConfig } from '#messaging/server-config.js';
import { ensureSecrets } from '#service/secrets.js';
import { ownCertificate } from './parts/authority.js';

/**
 * Makes, once, what a control plane of several machines shares: secrets, an authority with a certificate; and what brokers and
 * database need, in directories of their own, so that neither sees the secrets. What is there already stays
 * (docker-compose.yml, service `keys`).
 */
const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    nats: { type: 'string' },
    'nats-dir': { type: 'string' },
    'database-dir': { type: 'string' },
    'database-host': { type: 'string' },
    'database-owner': { type: 'string' },
    host: { type: 'string' },
    'public-url': { type: 'string' },
    'nats-public-url': { type: 'string' },
    owner: { type: 'string' },
  },
});
const dir = required('--dir', values.dir);
const brokers = required('--nats', values.nats).split(',');
const hostsOf = (urls = '') => urls.split(',').flatMap((url) => (url ? [new URL(url).hostname] : []));
const once = (...names: string[]) => [...new Set(names)];
const api = once(...required('--host', values.host).split(','), ...hostsOf(values['public-url']));

const now = new Date();
const { trust } = await ensureSecrets(dir, now);
await ownCertificate({ keys: dir, names: api, now });
const natsDir = values['nats-dir'] ?? join(dir, 'nats');
mkdirSync(natsDir, { recursive: true });
const { certFile, keyFile } = await ownCertificate({
  keys: dir,
  to: natsDir,
  names: once(...brokers, 'localhost', '127.0.0.1', ...hostsOf(values['nats-public-url'])),
  now,
});
const caFile = join(natsDir, 'ca.crt');
copyFileSync(join(dir, 'ca.crt'), caFile);
for (const broker of brokers) {
  const tls = { certFile, keyFile };
  const configuration = natsServerConfig({
    trust,
    serverName: broker,
    listen: '0.0.0.0:4222',
    storeDir: '/data/jetstream',
    resolverDir: '/data/accounts',
    tls,
    monitor: '127.0.0.1:8222',
    cluster: {
      name: 'tombolo',
      listen: '0.0.0.0:6222',
      routes: brokers.filter((other) => other !== broker).map((other) => `${other}:6222`),
      tls: { ...tls, caFile },
    },
  });
  writeFileSync(join(natsDir, `${broker}.conf`), configuration, { mode: 0o600 });
}
const databaseDir = values['database-dir'];
if (databaseDir) {
  mkdirSync(databaseDir, { recursive: true });
  const names = required('--database-host', values['database-host']).split(',');
  await ownCertificate({ keys: dir, to: databaseDir, names, now });
  if (values['database-owner']) giveTo(databaseDir, values['database-owner']);
}
if (values.owner) giveTo(dir, values.owner);
process.stdout.write(
  `keys, certificate and the configuration of ${brokers.length} brokers are in ${dir} and ${natsDir}\n`,
);

function required(option: string, value: string | undefined): string {
  if (value) return value;
  process.stderr.write(`init-keys: ${option} is missing\n`);
  process.exit(2);
}

/** Gives the directory and all in it to `uid:gid`: the services do not run as root. */
function giveTo(path: string, owner: string): void {
  const [uid, gid] = owner.split(':').map(Number);
  if (!Number.isInteger(uid) || !Number.isInteger(gid) || !existsSync(path)) required('--owner UID:GID', undefined);
  chownSync(path, uid!, gid!);
  if (!statSync(path).isDirectory()) return;
  for (const entry of readdirSync(path)) giveTo(join(path, entry), owner);
}
