import { randomBytes } from 'node:crypto';
import { createAccount, createOperator, createUser } from '@nats-io/nkeys';
import {
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  type Account,
  type Operator,
  type User,
} from '@nats-io/jwt';
import { agentsAccountClaims, controlAccountClaims, UNLIMITED } from './account-claims.js';
import { createSealKeys, type SealKeys } from './node-seal.js';
import { nativeSigner, nkeyPair, type NkeyPair } from './nkeys.js';

/** Everything the broker's trust rests on: plain JSON, made once per installation, stored 0600. All of it is secret. */
export interface Trust {
  format: 1;
  /** ISO 8601 UTC */
  createdAt: string;
  /** Signs the accounts with its signing key. */
  operator: { key: NkeyPair; signing: NkeyPair; jwt: string };
  /** The broker's own account: account claims are pushed through it. */
  system: AccountTrust;
  /** Owns the streams; services log in here. */
  control: AccountTrust;
  /** Agents log in here, imports only what each of them may reach. Its signing key is scoped: it can make nothing but nodes. */
  agents: AccountTrust;
  /** Credential files (`.creds` text) of the services and of the system user. */
  serviceCredentials: string;
  systemCredentials: string;
  /** Password between the brokers of a cluster. */
  clusterPassword: string;
  /** What desired state is sealed with. */
  sealing: SealKeys;
}

export interface AccountTrust {
  key: NkeyPair;
  signing: NkeyPair;
  /** As it was made; the broker may hold a newer one (revocations). */
  jwt: string;
}

/** Makes a new trust. The one source of randomness is the system's generator. */
export async function createTrust(now: Date): Promise<Trust> {
  const operator = { key: nkeyPair(createOperator()), signing: nkeyPair(createOperator()) };
  const system = { key: nkeyPair(createAccount()), signing: nkeyPair(createAccount()) };
  const control = { key: nkeyPair(createAccount()), signing: nkeyPair(createAccount()) };
  const agents = { key: nkeyPair(createAccount()), signing: nkeyPair(createAccount()) };
  const operatorClaims: Partial<Operator> = {
    signing_keys: [operator.signing.publicKey],
    system_account: system.key.publicKey,
  };
  const account = (name: string, keys: { key: NkeyPair }, claims: Partial<Account>) =>
    encodeAccount(name, keys.key.publicKey, claims, { signer: nativeSigner(operator.signing.seed) });
  return {
    format: 1,
    createdAt: now.toISOString(),
    operator: { ...operator, jwt: await encodeOperator('tombolo', nativeSigner(operator.key.seed), operatorClaims) },
    system: {
      ...system,
      jwt: await account('SYS', system, { limits: UNLIMITED, signing_keys: [system.signing.publicKey] }),
    },
    control: { ...control, jwt: await account('CTL', control, controlAccountClaims(control.signing.publicKey)) },
    agents: {
      ...agents,
      jwt: await account('AGENTS', agents, agentsAccountClaims(agents.signing.publicKey, control.key.publicKey, {})),
    },
    serviceCredentials: await userCredentials('service', control),
    systemCredentials: await userCredentials('system', system),
    clusterPassword: randomBytes(24).toString('base64url'),
    sealing: createSealKeys(),
  };
}

async function userCredentials(name: string, account: { key: NkeyPair; signing: NkeyPair }): Promise<string> {
  const user = createUser();
  const claims: Partial<User> = { issuer_account: account.key.publicKey };
  const jwt = await encodeUser(name, user, nativeSigner(account.signing.seed), claims);
  return Buffer.from(fmtCreds(jwt, user)).toString();
}
