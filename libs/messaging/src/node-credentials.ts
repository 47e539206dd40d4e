import { encodeUser } from '@nats-io/jwt';
import { isId } from '#contracts/names.js';
import type { KeyPair } from '@nats-io/nkeys';
import { isUserKey, nativeSigner } from './nkeys.js';
import type { AccountTrust, Trust } from './trust.js';

export interface NodeCredentialsRequest {
  trust: Pick<Trust, 'agents'>;
  nodeId: string;
  /** The node's own public user key (`U…`); its seed never leaves the node. */
  natsKey: string;
  now: Date;
  /** The broker closes the connection when it is over; a node renews long before. */
  ttlSeconds: number;
}

/**
 * Makes the login of one node: its name is the node's id, and the scope of the signing key turns that name into the
 * only subjects it may use.
 * @throws RangeError when the id or the key is not one: as a name, `*` would read every node
 */
export async function mintNodeCredentials(
  request: NodeCredentialsRequest,
): Promise<{ jwt: string; expiresAt: string }> {
  const { trust, nodeId, natsKey, now, ttlSeconds } = request;
  if (!isId(nodeId)) throw new RangeError(`no login for "${nodeId}": a node's id is a UUIDv7`);
  if (!isUserKey(natsKey)) throw new RangeError(`no login for node ${nodeId}: its NATS key is not a public user key`);
  const exp = Math.floor(now.getTime() / 1000) + ttlSeconds;
  const jwt = await encodeUser(
    nodeId,
    natsKey,
    signerOf(trust.agents),
    { issuer_account: trust.agents.key.publicKey },
    { scopedUser: true, exp },
  );
  return { jwt, expiresAt: new Date(exp * 1000).toISOString() };
}

const signers = new WeakMap<AccountTrust, KeyPair>();

/** Reading the seed takes milliseconds; once per trust is enough. */
function signerOf(account: AccountTrust): KeyPair {
  const signer = signers.get(account) ?? nativeSigner(account.signing.seed);
  signers.set(account, signer);
  return signer;
}
