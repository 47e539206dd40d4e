import { isSignature, type VerifyText } from '#contracts/ed25519.js';
import { Refusal } from '#contracts/errors.js';
import { COMMAND_AHEAD_MS, COMMAND_LASTS_MS, COMMAND_SIGNATURE, commandText } from '#contracts/sources.js';
import type { SourceState } from '#topology/system-fold.js';
import type { CommandEvent } from './command-event.js';

/**
 * A source that has a key is believed nothing without it: the broker, or who has it, could have said it. What is repeated within
 * the time is the same command by its id, what is later counts no more. @throws Refusal `unauthorized`
 */
export function refuseUnsigned(
  { name, publicKey }: SourceState,
  { signature, time = '', ...event }: CommandEvent,
  { now, verify }: { now: Date; verify: VerifyText },
): void {
  if (publicKey === undefined) return;
  const refused = (why: string) =>
    new Refusal('unauthorized', `Source "${name}" signs its commands, and this one ${why}.`);
  if (signature === undefined) throw refused(`has no attribute ${COMMAND_SIGNATURE}`);
  if (typeof signature !== 'string' || !isSignature(signature)) throw refused('has one that is no signature');
  if (time === '') throw refused('has no time');
  if (!verify(commandText(name, { ...event, time }), signature, publicKey))
    throw refused('is not what the key of the source signed');
  const age = now.getTime() - Date.parse(time);
  if (age > COMMAND_LASTS_MS) throw refused(`is of ${time}, more than an hour ago: sign it again with the time of now`);
  if (!(age >= -COMMAND_AHEAD_MS)) throw refused(`is of ${time}, and it is ${now.toISOString()} here: set the clock`);
}
