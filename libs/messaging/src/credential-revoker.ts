import { agentsAccountClaims } from './account-claims.js';
import { heldAccount, pushAccount } from './account-push.js';
import type { ServiceConnection } from './connection.js';
import type { Trust } from './trust.js';

export interface RevokedLogin {
  /** Public user key. */
  natsKey: string;
  /** When the node was removed, ISO 8601 UTC. */
  at: string;
}

export interface CredentialRevokerOptions {
  trust: Trust;
  /** Connected with the trust's `systemCredentials`. */
  connection: ServiceConnection;
  /** How long a login lives, seconds: later the broker refuses it by itself. */
  ttlSeconds: number;
  now(): Date;
}

/** A login that another replica minted in the moment of removal, by a clock that is a little ahead, is revoked too. */
const MARGIN_SECONDS = 30;

type Revocations = Record<string, number>;

/**
 * Makes the logins of removed nodes worthless: the agents' account, with the list of revoked keys, is pushed to every
 * broker, which cuts the connections at once. The list is built from what the caller knows and what the broker holds
 * already, so a replica that knows less undoes nothing. Two that push in the same moment may overtake each other, and a
 * broker may lose its list: the caller repeats its own now and then, which costs one question when nothing is missing.
 */
export class CredentialRevoker {
  #wanted: Revocations = {};
  #pushing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(private readonly options: CredentialRevokerOptions) {}

  /**
   * Resolves when every broker that answered has taken the whole list. Repeating it changes nothing.
   * @throws Unavailable when no broker answers, Error when one refuses
   */
  async revoke(logins: RevokedLogin[]): Promise<void> {
    for (const { natsKey, at } of logins) {
      const until = Math.floor(Date.parse(at) / 1_000) + MARGIN_SECONDS;
      this.#wanted[natsKey] = Math.max(this.#wanted[natsKey] ?? 0, until);
    }
    // One push at a time; whoever comes while one is under way shares the next.
    this.#next ??= (this.#pushing ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#pushing = this.#push();
        return this.#pushing;
      });
    await this.#next;
  }

  async #push(): Promise<void> {
    this.#wanted = this.#alive(this.#wanted);
    if (Object.keys(this.#wanted).length === 0) return;
    const { agents, control } = this.options.trust;
    const held = (await heldAccount(this.options.connection, agents.key.publicKey)).revocations ?? {};
    const revocations = this.#alive(union(held, this.#wanted));
    if (Object.entries(this.#wanted).every(([key, until]) => (held[key] ?? 0) >= until)) return;
    const claims = agentsAccountClaims(agents.signing.publicKey, control.key.publicKey, revocations);
    const account = { name: 'AGENTS', publicKey: agents.key.publicKey, claims };
    await pushAccount(this.options.connection, this.options.trust, account);
  }

  /** Without those whose logins have expired by themselves. */
  #alive(revocations: Revocations): Revocations {
    const oldest = this.options.now().getTime() / 1_000 - this.options.ttlSeconds;
    return Object.fromEntries(Object.entries(revocations).filter(([, until]) => until >= oldest));
  }
}

function union(some: Revocations, others: Revocations): Revocations {
  const all = { ...some };
  for (const [key, until] of Object.entries(others)) all[key] = Math.max(all[key] ?? 0, until);
  return all;
}
