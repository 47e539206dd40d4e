import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { Authenticator, NodeConnectionOptions } from '@nats-io/transport-node';
import { nativeSigner } from './nkeys.js';

/** How to reach a broker and prove it is ours: `ca` is a PEM; without it the system's roots decide. */
export interface BrokerAddress {
  /** `nats://host:port` or `tls://host:port`. */
  urls: string[];
  ca?: string;
}

/** Logs in with a JWT that may be replaced while connected; the seed signs the broker's challenge and goes nowhere. */
export function jwtLogin(jwt: () => string, seed: string): Authenticator {
  const signer = nativeSigner(seed);
  return (nonce) => ({
    jwt: jwt(),
    nkey: signer.getPublicKey(),
    sig: Buffer.from(signer.sign(Buffer.from(nonce ?? ''))).toString('base64url'),
  });
}

/** Reads a `.creds` text. */
export function parseCredentials(creds: string): { jwt: string; seed: string } {
  const block = (name: string) => new RegExp(`-----BEGIN ${name}-----\\s+(\\S+)\\s`).exec(creds)?.[1];
  const jwt = block('NATS USER JWT');
  const seed = block('USER NKEY SEED');
  if (!jwt || !seed) throw new Error('broker credentials are unreadable: expected a .creds file with a JWT and a seed');
  return { jwt, seed };
}

/**
 * What every connection of ours has in common. It reconnects for ever, also after a refused login (the account may
 * not have reached that broker yet, or the login was renewed since), and keeps to the addresses it was given.
 */
export function connectionOptions(address: BrokerAddress): NodeConnectionOptions {
  const hosts = address.urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''));
  const secure = address.ca !== undefined || address.urls.some((url) => url.startsWith('tls:'));
  return {
    servers: address.urls,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    timeout: 10_000,
    pingInterval: 20_000,
    ...(secure ? { tls: { ...(address.ca ? { ca: address.ca } : {}), ...identityOf(hosts) } } : {}),
  };
}

/** The client asks for `localhost` where it dialled a literal address: then any address we were given must match. */
function identityOf(hosts: string[]) {
  return {
    checkServerIdentity(asked: string, certificate: PeerCertificate): Error | undefined {
      const candidates = hosts.includes(asked) ? [asked] : hosts;
      const errors = candidates.map((host) => checkServerIdentity(host, certificate));
      return errors.includes(undefined) ? undefined : errors[0];
    },
  };
}
