import { Refusal } from '#contracts/errors.js';
import type { Decisions } from './decisions.js';

export interface Asked {
  /** Of the command. */
  name: string;
  commandId: string;
  fingerprint: string;
}

/**
 * What the owner of a command answered to its id before; undefined: nothing. Owners keep fingerprints with the command's name
 * before them. @throws Refusal `idempotency_mismatch`; Unavailable
 */
export async function earlierAnswer(
  { store }: Pick<Decisions, 'store'>,
  networkId: string,
  { name, commandId, fingerprint }: Asked,
) {
  const [earlier] = await store.answersOf(networkId, [commandId]);
  if (earlier && earlier.fingerprint !== `${name} ${fingerprint}`)
    throw new Refusal(
      'idempotency_mismatch',
      `command id ${commandId} was used for another request; send this one under a new id`,
    );
  return earlier;
}
