import { followLock, isLockOn, type LockEntry, type LockPin, NO_PIN } from '#contracts/membership-lock.js';
import { signMember } from '#contracts/sign-membership.js';
import { verifyNatively } from '#service/verify-natively.js';
import type { LockMemberView, LockView } from '#topology/lock-view.js';
import { segment } from '../arguments.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { ApiClient } from '../server/api-client.js';
import { keepPin, type OperatorKey } from './operator-key.js';

/** The server takes so many in one request. */
const MOST_SIGNATURES = 500;

/** An operator's dealings with the lock of one network: what the server shows is checked before anything is signed on it. */
export class LockDesk {
  readonly #path: string;

  constructor(
    private readonly api: ApiClient,
    private readonly network: string,
  ) {
    this.#path = `/networks/${segment(network)}/lock`;
  }

  read(): Promise<LockView> {
    return this.api.get<LockView>(this.#path);
  }

  members(waiting?: boolean): Promise<LockMemberView[]> {
    return this.api.list<LockMemberView>(`${this.#path}/members${waiting === undefined ? '' : `?waiting=${waiting}`}`);
  }

  /**
   * The lock as far as this operator believes it, which is remembered.
   * @throws CommandFailed when it does not follow from what was seen before
   */
  async believe(key: OperatorKey): Promise<{ view: LockView; pin: LockPin }> {
    const view = await this.read();
    const pin = believed(view, key.pin);
    if (pin !== key.pin) keepPin(key, pin);
    return { view, pin };
  }

  /** The entry that counts. @throws CommandFailed while the lock is off, or this key does not count */
  async entryFor(key: OperatorKey): Promise<LockEntry> {
    const { entry } = (await this.believe(key)).pin;
    if (!entry || !isLockOn(entry))
      throw new CommandFailed(EXIT.refused, `"${this.network}" has no lock: tombolo lock init ${this.network}`);
    if (entry.keys.includes(key.signer.publicKey)) return entry;
    const advice = `another operator can add it: tombolo lock add ${this.network} ${key.signer.publicKey}`;
    throw new CommandFailed(EXIT.refused, `the key in ${key.file} does not count for "${this.network}"; ${advice}`);
  }

  async change(key: OperatorKey, entry: LockEntry): Promise<LockView> {
    const view = await this.api.post<LockView>(`${this.#path}/entries`, { entry });
    keepPin(key, believed(view, key.pin));
    return view;
  }

  /** @returns how many were recorded, and the ids of those that are gone */
  async sign(key: OperatorKey, networkId: string, members: LockMemberView[]) {
    const done = { recorded: 0, gone: [] as string[] };
    for (let at = 0; at < members.length; at += MOST_SIGNATURES) {
      const signatures = members
        .slice(at, at + MOST_SIGNATURES)
        .map(({ memberId, publicKey, addresses, mayCarry }) => ({
          memberId,
          publicKey,
          ...signMember({ networkId, memberId, publicKey, addresses, mayCarry }, key.signer),
        }));
      const answer = await this.api.post<typeof done>(`${this.#path}/signatures`, { signatures });
      done.recorded += answer.recorded;
      done.gone.push(...answer.gone);
    }
    return done;
  }
}

/** @throws CommandFailed */
export function believed({ chain }: LockView, pin: LockPin = NO_PIN): LockPin {
  const seen = followLock(pin, chain, verifyNatively);
  if (seen.problem === undefined) return seen.pin;
  throw new CommandFailed(
    EXIT.failed,
    `the server shows a lock that is not to be believed: ${seen.problem}. Nothing was signed.`,
  );
}
