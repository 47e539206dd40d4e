import { decode, encodeAccount, type Account } from '@nats-io/jwt';
import { Unavailable } from '#contracts/errors.js';
import type { ServiceConnection } from './connection.js';
import { nativeSigner } from './nkeys.js';
import type { Trust } from './trust.js';

const TIMEOUT_MS = 5_000;
/** All brokers of a cluster answer; after the first, the others have this long. */
const STALL_MS = 300;

/** What a broker says to new claims. */
interface Answer {
  data?: { code: number };
  error?: { description?: string };
}

export interface PushedAccount {
  /** Shown by the broker. */
  name: string;
  /** `A…` */
  publicKey: string;
  claims: Partial<Account>;
}

/**
 * What the brokers hold of an account.
 * @param connection with the system user's credentials
 * @throws Unavailable when none answers; a broker says nothing about an account that it does not know
 */
export async function heldAccount(
  { nats }: ServiceConnection,
  publicKey: string,
  timeoutMs = TIMEOUT_MS,
): Promise<Partial<Account> & { tags?: string[] }> {
  try {
    const answer = await nats.request(`$SYS.REQ.ACCOUNT.${publicKey}.CLAIMS.LOOKUP`, '', { timeout: timeoutMs });
    return decode<Account>(answer.string()).nats;
  } catch (error) {
    throw new Unavailable('broker', `the broker does not show account ${publicKey}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Gives an account to every broker; what it had before is replaced, in force at once.
 * @throws Unavailable when no broker answers, Error when one refuses
 */
export async function pushAccount(
  connection: ServiceConnection,
  trust: Pick<Trust, 'operator'>,
  { name, publicKey, claims }: PushedAccount,
): Promise<void> {
  const signer = nativeSigner(trust.operator.signing.seed);
  const answers = await ask(connection, await encodeAccount(name, publicKey, claims, { signer }));
  if (answers.length === 0) throw new Unavailable('broker', `no broker took account ${name}: none answered`);
  const refusal = answers.find((answer) => answer.data?.code !== 200);
  if (refusal)
    throw new Error(`a broker refuses account ${name}: ${refusal.error?.description ?? 'it gives no reason'}`);
}

async function ask({ nats }: ServiceConnection, jwt: string): Promise<Answer[]> {
  try {
    const received: Answer[] = [];
    const options = { strategy: 'stall', maxWait: TIMEOUT_MS, stall: STALL_MS } as const;
    for await (const answer of await nats.requestMany('$SYS.REQ.CLAIMS.UPDATE', jwt, options))
      received.push(answer.json<Answer>());
    return received;
  } catch (error) {
    throw new Unavailable('broker', `no broker took an account: ${(error as Error).message}`, { cause: error });
  }
}
