import { followLock, isLockOn, type LockPin, NO_PIN, readLockEntry } from '#contracts/membership-lock.js';
import type { NodeSet } from '#contracts/node-fold.js';
import type { LockResource } from '#contracts/node-stream.js';
import type { SetProblem } from '#wireguard/core/check-set.js';
import { MemberGate } from '#wireguard/core/member-gate.js';
import { AgentFailure, messageOf } from '../failure.js';
import { readIfThere, writeDurably } from '../state/files.js';
import { JsonFields } from '../state/json-fields.js';
import type { StateDir } from '../state/state-dir.js';
import { verifyNatively } from '#service/verify-natively.js';

/** A set without what no operator signed. Its digest stays that of the whole, which is what is held. */
export interface AdmittedSet {
  set: NodeSet;
  /** What was left out, and why. */
  refused: SetProblem[];
}

/**
 * What this node knows of the network's lock, for ever: it believes the first one it is shown, or the one that was pinned
 * when it joined, and from then on only what the operators' keys in it have signed. So nobody takes the lock away, puts an
 * older one in its place, or gets a peer past it.
 */
export class Members {
  #gate: MemberGate | undefined;
  #last: { of: NodeSet; ownKey: string; admitted: AdmittedSet; until: string | undefined } | undefined;

  private constructor(
    private readonly dir: StateDir,
    private readonly nodeId: string,
    private known: LockPin,
    private readonly clock: () => Date,
  ) {
    this.#gate = this.#gateOf(known);
  }

  /** @throws AgentFailure when the memory is damaged: to begin without it would be to trust anybody */
  static async load(dir: StateDir, nodeId: string, clock = () => new Date()): Promise<Members> {
    return new Members(dir, nodeId, await readPin(dir), clock);
  }

  get pin(): LockPin {
    return this.known;
  }

  /** Remembers what a set says of the lock, on disk first, as far as it is to be believed. */
  async learn(set: NodeSet): Promise<void> {
    const { pin } = followLock(this.known, chainIn(set), verifyNatively);
    if (pin === this.known) return;
    await writePin(this.dir, pin);
    this.known = pin;
    this.#gate = this.#gateOf(pin);
    this.#last = undefined;
  }

  /** @param ownKey WireGuard public key of this node */
  admit(set: NodeSet, ownKey: string): AdmittedSet {
    const now = this.clock().toISOString();
    const last = this.#last;
    const isOver = last?.until !== undefined && last.until <= now;
    if (last?.of === set && last.ownKey === ownKey && !isOver) return last.admitted;
    const { until, ...admitted } = this.#admit(set, ownKey, now);
    this.#last = { of: set, ownKey, admitted, until };
    return admitted;
  }

  #admit(set: NodeSet, ownKey: string, now: string): AdmittedSet & { until: string | undefined } {
    const { problem } = followLock(this.known, chainIn(set), verifyNatively);
    const doubts =
      problem === undefined
        ? []
        : [{ resource: 'lock', message: `the lock that the control plane shows is not believed: ${problem}` }];
    if (!this.#gate) return { set, refused: doubts, until: undefined };
    const { resources, refused, until } = this.#gate.admit(set.resources.values(), ownKey, now);
    const admitted = new Map(resources.map((resource) => [resource.name, resource]));
    return { set: { ...set, resources: admitted }, refused: [...doubts, ...refused], until };
  }

  #gateOf({ entry, fingerprint }: LockPin): MemberGate | undefined {
    const isOn = entry ? isLockOn(entry) : fingerprint !== null;
    return isOn ? new MemberGate({ lock: entry, nodeId: this.nodeId, verify: verifyNatively }) : undefined;
  }
}

const FORMAT = 1;

/** Before anything else is there: who joins under a lock takes no peer without. */
export async function writePin(dir: StateDir, { fingerprint, entry }: LockPin): Promise<void> {
  await writeDurably(dir.file('members'), `${JSON.stringify({ format: FORMAT, fingerprint, entry }, null, 2)}\n`);
}

async function readPin(dir: StateDir): Promise<LockPin> {
  const path = dir.file('members');
  const text = await readIfThere(path);
  if (text === undefined) return NO_PIN;
  try {
    const fields = JsonFields.parse(text, path);
    fields.whole('format', FORMAT, FORMAT);
    const fingerprint = fields.textOrNull('fingerprint', isFingerprint);
    const written = (JSON.parse(text) as { entry: unknown }).entry;
    const entry = written === null ? null : readLockEntry(written);
    if (entry === undefined) throw new Error(`${path} has no good field "entry"`);
    return { fingerprint, entry };
  } catch (error) {
    const advice = 'restore it from a backup, or remove the directory and join again';
    throw new AgentFailure('failed', `${messageOf(error)}: ${advice}`, { cause: error });
  }
}

export const isFingerprint = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** A set of a network that never had a lock has none. */
const chainIn = ({ resources }: NodeSet): unknown =>
  (resources.get('lock') as Partial<LockResource> | undefined)?.chain ?? [];
