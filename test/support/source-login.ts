import { randomBytes } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectionOptions, jwtLogin, parseCredentials } from '#messaging/broker-login.js';
import { sourceCredentials, type SourceAccount } from '#messaging/source-accounts.js';

export interface TestSource extends SourceAccount {
  creds: string;
}

/** A source's login, made as the registry makes it. The broker knows it once its account was applied. */
export async function testSource(name: string, networks: string[] = []): Promise<TestSource> {
  return { ...(await sourceCredentials(randomBytes(32), name)), name, networks, revoked: false };
}

/** Connects with a `.creds` text, as another system does. */
export function connectSource(urls: string | string[], creds: string): Promise<NatsConnection> {
  const { jwt, seed } = parseCredentials(creds);
  return connect({
    ...connectionOptions({ urls: [urls].flat() }),
    authenticator: jwtLogin(() => jwt, seed),
    timeout: 5_000,
  });
}
