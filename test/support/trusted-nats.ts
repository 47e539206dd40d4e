import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { mintNodeCredentials } from '#messaging/node-credentials.js';
import { createSealKeys } from '#messaging/node-seal.js';
import { createUserKey } from '#messaging/nkeys.js';
import { ReportSigner } from '#messaging/report-proof.js';
import { natsServerConfig, type ServerConfigOptions } from '#messaging/server-config.js';
import { createTrust, type Trust } from '#messaging/trust.js';
import { noteSecret } from './note-secret.js';
import { startNats, type TestNats } from './servers.js';

export interface TrustedNats {
  trust: Trust;
  server: TestNats;
  url: string;
  /** A connection with a service's rights, or the system user's; closed by `stop()`. */
  connect(name?: string, creds?: string): Promise<ServiceConnection>;
  /** Kills the server and starts it again at the same place. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface TrustedNatsOptions extends Pick<Partial<ServerConfigOptions>, 'serverName' | 'cluster'> {
  trust?: Trust;
  /** Then it speaks TLS, and `url` says so. */
  tls?: { certFile: string; keyFile: string; caFile: string };
}

/** A NATS server in operator mode with our accounts, as `up` runs it. */
export async function startTrustedNats(options: TrustedNatsOptions = {}): Promise<TrustedNats> {
  const trust = options.trust ?? (await createTrust(new Date()));
  noteSecret(trust.sealing.privateKey, trust.clusterPassword);
  const { tls, cluster, serverName = 'test' } = options;
  const configText = natsServerConfig({
    trust,
    serverName,
    storeDir: 'jetstream',
    resolverDir: 'accounts',
    ...(tls && { tls }),
    ...(cluster && { cluster }),
  });
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-test-nats-'));
  let server = await startNats({ configText, dir });
  const { port } = server;
  const url = tls ? server.url.replace('nats:', 'tls:') : server.url;
  const ca = tls && readFileSync(tls.caFile, 'utf8');
  const connections: ServiceConnection[] = [];
  return {
    trust,
    url,
    get server() {
      return server;
    },
    async connect(name = 'test', creds = trust.serviceCredentials) {
      const sealingKey = trust.sealing.privateKey;
      const connection = await connectService({
        urls: [url],
        ...(ca !== undefined && { ca }),
        creds,
        sealingKey,
        name,
      });
      connections.push(connection);
      return connection;
    },
    async restart() {
      await server.stop();
      server = await startNats({ configText, dir, port });
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A node's login, made as the registry makes it: the seed stays with the caller. */
export async function testNodeLogin(trust: Trust, nodeId = testNodeId(), controlKeys = createSealKeys()) {
  const key = createUserKey();
  const { publicKey: controlKey, privateKey } = controlKeys;
  noteSecret(privateKey);
  const { jwt } = await mintNodeCredentials({
    trust,
    nodeId,
    natsKey: key.publicKey,
    now: new Date(),
    ttlSeconds: 3600,
  });
  const signer = new ReportSigner(nodeId, { privateKey, controllerKey: trust.sealing.publicKey }, Date.now());
  return { nodeId, jwt, nkeySeed: key.seed, natsKey: key.publicKey, controlKey, signer };
}

/** A random id in the form of a UUIDv7. */
export function testNodeId(): string {
  const hex = randomBytes(16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
