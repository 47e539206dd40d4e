import { encodeAccount } from '@nats-io/jwt';
import { Unavailable } from '#contracts/errors.js';
import { agentsAccountClaims } from './account-claims.js';
import { connectService, type ServiceConnection } from './connection.js';
import { nativeSigner } from './nkeys.js';
import type { Trust } from './trust.js';

export interface RevokerOptions {
  trust: Trust;
  urls: string[];
  ca?: string;
  /** Life of a login: a revocation older than that revokes nothing that could still be used. */
  ttlSeconds: number;
}

/** Milliseconds the brokers have to confirm. */
const TIMEOUT_MS = 5_000;

/**
 * Tells the brokers which logins of nodes are worthless: they cut such connections at once and refuse new ones. Connects
 * with the system account when first needed.
 */
export class CredentialRevoker {
  #connection: Promise<ServiceConnection> | undefined;

  constructor(private readonly options: RevokerOptions) {}

  /**
   * Makes exactly these logins worthless, those issued up to `at`. Repeating it changes nothing.
   * @throws Unavailable
   */
  async revoke(nodes: { natsKey: string; at: string }[], now: Date): Promise<void> {
    const { trust, ttlSeconds } = this.options;
    const oldest = Math.floor(now.getTime() / 1000) - ttlSeconds;
    const revocations: Record<string, number> = {};
    for (const { natsKey, at } of nodes) {
      const seconds = Math.ceil(Date.parse(at) / 1000);
      if (seconds >= oldest) revocations[natsKey] = seconds;
    }
    const claims = agentsAccountClaims(trust.agents.signing.publicKey, trust.control.key.publicKey, revocations);
    const jwt = await encodeAccount('AGENTS', trust.agents.key.publicKey, claims, {
      signer: nativeSigner(trust.operator.signing.seed),
    });
    const connection = await this.#connected();
    try {
      const answer = (await connection.nats.request('$SYS.REQ.CLAIMS.UPDATE', jwt, { timeout: TIMEOUT_MS })).json<{
        data?: { code: number };
        error?: { description: string };
      }>();
      if (answer.error || answer.data?.code !== 200) throw new Error(answer.error?.description ?? 'not confirmed');
    } catch (error) {
      throw new Unavailable('broker', `revocations not taken over: ${(error as Error).message}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await (await this.#connection)?.close();
  }

  #connected(): Promise<ServiceConnection> {
    const { urls, ca, trust } = this.options;
    this.#connection ??= connectService({
      urls,
      ca,
      creds: trust.systemCredentials,
      name: 'revoker',
      firstConnectMs: TIMEOUT_MS,
    });
    this.#connection.catch(() => (this.#connection = undefined));
    return this.#connection;
  }
}
