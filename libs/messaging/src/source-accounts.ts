import { createHmac } from 'node:crypto';
import { encodeUser, fmtCreds } from '@nats-io/jwt';
import { Prefix } from '@nats-io/nkeys';
import { Codec } from '@nats-io/nkeys/lib/codec.js';
import { isName } from '#contracts/names.js';
import { controlAccountClaims, type SourceAccess, sourceAccountClaims, sourceRights } from './account-claims.js';
import { heldAccount, type PushedAccount, pushAccount } from './account-push.js';
import type { ServiceConnection } from './connection.js';
import { nativeSigner } from './nkeys.js';
import type { Trust } from './trust.js';

export interface SourceAccount extends SourceAccess {
  /** `A…` */
  account: string;
}

/** A broker says nothing about an account that it does not know. */
const SILENCE_MS = 1_000;
/** Accounts looked at together. */
const TOGETHER = 8;

/**
 * What a source logs in with: an account of its own and one user in it, whose login ends when the account is revoked.
 * @param secret 32 bytes; the same ones give the same account, user and rights, signed anew
 * @returns the account's public key and the text of a `.creds` file, which is secret
 */
export async function sourceCredentials(secret: Uint8Array, name: string): Promise<{ account: string; creds: string }> {
  if (!isName(name)) throw new RangeError(`no login for "${name}": a source's name is one DNS label`);
  const account = keyPair(secret, Prefix.Account);
  const user = keyPair(secret, Prefix.User);
  const jwt = await encodeUser(name, user.getPublicKey(), account, sourceRights(name));
  return { account: account.getPublicKey(), creds: Buffer.from(fmtCreds(jwt, user)).toString() };
}

function keyPair(secret: Uint8Array, prefix: Prefix) {
  const seed = createHmac('sha256', secret).update(`nkey:${prefix}`).digest();
  return nativeSigner(new TextDecoder().decode(Codec.encodeSeed(prefix, seed)));
}

/** Keeps the brokers' accounts of sources, and what the control account lets out to them, as they should be. */
export class SourceAccounts {
  constructor(
    private readonly trust: Trust,
    /** Connected with the trust's `systemCredentials`. */
    private readonly connection: ServiceConnection,
  ) {}

  /**
   * Resolves when the brokers hold these accounts so; what is so already costs a question. Others are left alone.
   * @throws Unavailable when no broker answers
   */
  async apply(sources: SourceAccount[]): Promise<void> {
    if (sources.length === 0) return;
    const { control } = this.trust;
    await this.#bring({
      name: 'CTL',
      publicKey: control.key.publicKey,
      claims: controlAccountClaims(control.signing.publicKey),
    });
    for (let n = 0; n < sources.length; n += TOGETHER)
      await Promise.all(sources.slice(n, n + TOGETHER).map((source) => this.#bring(this.#accountOf(source))));
  }

  #accountOf({ account, ...access }: SourceAccount): PushedAccount {
    const claims = sourceAccountClaims(this.trust.control.key.publicKey, access);
    return { name: `source-${access.name}`, publicKey: account, claims };
  }

  async #bring(account: PushedAccount): Promise<void> {
    const held = await heldAccount(this.connection, account.publicKey, SILENCE_MS).catch(() => undefined);
    if (JSON.stringify(held?.tags) === JSON.stringify((account.claims as { tags: string[] }).tags)) return;
    await pushAccount(this.connection, this.trust, account);
  }
}
