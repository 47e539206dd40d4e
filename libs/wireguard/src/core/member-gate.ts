import { type Delegation, readDelegation, whyNotDelegated } from '#contracts/delegation.js';
import type { VerifyText } from '#contracts/ed25519.js';
import { type LockEntry, type MemberRecord, memberText } from '#contracts/membership-lock.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { hostPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { isRefusal } from '#contracts/errors.js';
import type { SetProblem } from './check-set.js';
import { isInterface, isPeer } from './desired-device.js';

export interface GateParts {
  /** The entry whose keys count; null: there is a lock, and which one is not known yet. */
  lock: LockEntry | null;
  /** Of this node. */
  nodeId: string;
  verify: VerifyText;
}

export interface Admitted {
  resources: Resource[];
  /** What was left out, and why. */
  refused: SetProblem[];
  /** From then on another look has another outcome, ISO 8601; undefined: never. */
  until: string | undefined;
}

interface Verdict {
  /** What may be taken of it; undefined: nothing. */
  peer: PeerResource | undefined;
  problems: readonly string[];
  /** It signed itself with its enrolment key: what may be taken, until then. */
  until?: string;
}

/**
 * Takes of a set only what operators signed (docs/security.md, signed membership): a peer needs a good signature over its
 * key and its addresses, and a prefix inside the ranges of the mesh needs one that says whose it is. What is not good is
 * left out, and the rest stands: one bad peer keeps nobody from anything else.
 */
export class MemberGate {
  /** undefined: somebody signed what is no range. */
  readonly #ranges: readonly Prefix[] | undefined;
  /** A fold keeps unchanged resources as the objects they were: each is looked at once. */
  readonly #seen = new WeakMap<PeerResource, Verdict>();

  constructor(private readonly parts: GateParts) {
    const ranges = (parts.lock?.ranges ?? []).map(readPrefix);
    this.#ranges = ranges.every((range) => range !== undefined) ? ranges : undefined;
  }

  /**
   * @param resources as they came from the wire
   * @param ownPublicKey of this node
   * @param now ISO 8601 UTC, by this machine's clock: what the control plane takes for the time counts for nothing
   */
  admit(resources: Iterable<Resource>, ownPublicKey: string, now: string): Admitted {
    const all = [...resources].filter((each) => typeof each?.name === 'string');
    const peers = all.filter(isPeer);
    const own = this.#verdictOfOwn(all, ownPublicKey, now);
    const verdicts = new Map(peers.map((peer) => [peer, atTime(this.#verdictOf(peer), now)]));
    const ends = [own, ...verdicts.values()].flatMap(({ until }) =>
      until !== undefined && until > now ? [until] : [],
    );
    const until = ends.sort()[0];
    if (own.closed !== undefined && peers.length > 0) {
      const refused = [{ resource: 'interface', message: own.closed }];
      return { resources: all.filter((each) => !isPeer(each)), refused, until };
    }
    const direct = peers.filter((peer) => peer.via === undefined && verdicts.get(peer)?.peer);
    const carriers = new Set(direct.filter(({ signed }) => signed?.mayCarry === true).map(nameOf));
    const refused: SetProblem[] = [];
    const admitted = all.flatMap((each): Resource[] => {
      if (!isPeer(each)) return [each];
      const { peer, problems } = verdicts.get(each) ?? { peer: undefined, problems: [] };
      refused.push(...problems.map((message) => ({ resource: each.name, message })));
      if (!peer) return [];
      if (peer.via === undefined || carriers.has(`peer/${peer.via}`)) return [peer];
      refused.push({ resource: each.name, message: 'no operator signed that others may be reached through its relay' });
      return [];
    });
    return { resources: admitted, refused, until };
  }

  /** The others refuse a node that is not signed: to call them would look like a fault of the network. */
  #verdictOfOwn(all: readonly Resource[], publicKey: string, now: string): { closed?: string; until?: string } {
    const { lock, nodeId: memberId } = this.parts;
    if (!lock) return { closed: 'the lock that was pinned when this node joined has not been shown yet' };
    if (!this.#ranges)
      return { closed: 'the lock names ranges that are none: nobody can tell what is inside the mesh' };
    const own = all.find(isInterface);
    const addresses = Array.isArray(own?.addresses)
      ? own.addresses.map((prefix) => String(prefix).split('/')[0] ?? '')
      : [];
    const until = delegationOf(own?.signed)?.until;
    if (!this.#isMemberSigned({ memberId, publicKey, addresses }, own?.signed))
      return { closed: 'this node waits for the signature of an operator: no peer is taken, as none would take it' };
    return until !== undefined && until <= now
      ? { closed: `${OVER}: no peer is taken, as none would take it` }
      : { ...(until !== undefined && { until }) };
  }

  #verdictOf(peer: PeerResource): Verdict {
    let verdict = this.#seen.get(peer);
    if (!verdict) this.#seen.set(peer, (verdict = this.#judge(peer)));
    return verdict;
  }

  #judge(peer: PeerResource): Verdict {
    const { publicKey, signed, nextKey, nextSigned, allowedIps } = peer;
    const memberId = nameOf(peer).slice('peer/'.length);
    const addresses = isTexts(signed?.addresses) ? signed.addresses : [];
    if (!this.#isMemberSigned({ memberId, publicKey, addresses }, signed))
      return { peer: undefined, problems: [this.#whyNot(signed)] };
    const until = delegationOf(signed)?.until;
    const limit = until !== undefined && { until };
    const problems: string[] = [];
    const prefixes = isTexts(allowedIps) ? this.#ownPrefixes(peer, addresses, problems) : allowedIps;
    const isNextGood = nextKey === undefined || this.#isSigned({ memberId, publicKey: nextKey, addresses }, nextSigned);
    if (!isNextGood) problems.push(`its next key: ${this.#whyNot(nextSigned)}`);
    if (problems.length === 0) return { peer, problems, ...limit };
    const { nextKey: _nextKey, ...rest } = { ...peer, allowedIps: prefixes };
    return { peer: isNextGood ? { ...peer, allowedIps: prefixes } : rest, problems, ...limit };
  }

  /** Inside the mesh only what is signed, as its own or as that of somebody behind it. */
  #ownPrefixes(peer: PeerResource, addresses: readonly string[], problems: string[]): string[] {
    const own = new Set(addresses.map(hostPrefix));
    let carried: Set<string> | undefined;
    return peer.allowedIps.filter((prefix) => {
      if (own.has(prefix) || !this.#isInMesh(prefix)) return true;
      carried ??= peer.signed?.mayCarry === true ? this.#carriedBy(peer) : new Set();
      if (carried.has(prefix)) return true;
      problems.push(`${prefix} is inside the mesh, and no signature lets it be reached there`);
      return false;
    });
  }

  #carriedBy({ carries }: PeerResource): Set<string> {
    const members = Array.isArray(carries) ? carries : [];
    const good = members.filter(
      (member) =>
        isTexts(member?.addresses) &&
        this.#isSigned({ memberId: member.memberId, publicKey: member.publicKey, addresses: member.addresses }, member),
    );
    return new Set(good.flatMap(({ addresses }) => addresses.map(hostPrefix)));
  }

  /** A wider prefix is not: a member's own address goes before it. */
  #isInMesh(prefix: string): boolean {
    const parsed = readPrefix(prefix);
    return (
      parsed !== undefined &&
      this.#ranges?.some((range) => range.length <= parsed.length && overlaps(range, parsed)) === true
    );
  }

  /** By an operator, or by the node itself with the key in its enrolment token: that signs nodes, and nothing else. */
  #isMemberSigned(member: Omit<MemberRecord, 'networkId' | 'mayCarry'>, by: unknown): boolean {
    const { lock, verify } = this.parts;
    const delegation = delegationOf(by);
    if (!lock || !delegation) return this.#isSigned(member, by);
    const { by: key, signature, mayCarry } = Object(by) as Record<string, unknown>;
    if (mayCarry !== undefined || key !== delegation.publicKey || typeof signature !== 'string') return false;
    if (whyNotDelegated(lock, delegation, verify) !== undefined) return false;
    return verify(memberText({ networkId: lock.networkId, ...member, mayCarry: false }), signature, key);
  }

  #isSigned(member: Omit<MemberRecord, 'networkId' | 'mayCarry'>, by: unknown): boolean {
    const { lock, verify } = this.parts;
    const { by: key, signature, mayCarry = false } = Object(by) as Record<string, unknown>;
    if (typeof mayCarry !== 'boolean') return false;
    if (!lock || typeof key !== 'string' || typeof signature !== 'string' || !lock.keys.includes(key)) return false;
    return verify(memberText({ networkId: lock.networkId, ...member, mayCarry }), signature, key);
  }

  #whyNot(by: unknown): string {
    const { by: key } = Object(by) as Record<string, unknown>;
    if (by === undefined) return 'no operator has signed it';
    const { lock, verify } = this.parts;
    const delegation = delegationOf(by);
    const why = lock && delegation && whyNotDelegated(lock, delegation, verify);
    if (why !== undefined && why !== null) return why;
    if (delegation)
      return 'its enrolment key has not signed this key and these addresses, or signed that it carries others';
    if (typeof key !== 'string' || !this.parts.lock?.keys.includes(key))
      return 'it is signed with a key that does not count';
    return 'its signature is not for this key and these addresses';
  }
}

const OVER = 'the enrolment key that it signed itself with has expired: an operator can sign it';

/** What a clock has to say to a verdict. */
function atTime(verdict: Verdict, now: string): Verdict {
  const { peer, until, problems } = verdict;
  return peer && until !== undefined && until <= now
    ? { peer: undefined, problems: [...problems, OVER], until }
    : verdict;
}

const delegationOf = (signed: unknown): Delegation | undefined =>
  readDelegation((Object(signed) as { delegation?: unknown }).delegation);

const nameOf = ({ name }: PeerResource): string => name;

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** What is no prefix is for `checkSet` to name. */
function readPrefix(text: string): Prefix | undefined {
  try {
    return parsePrefix(text);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return undefined;
  }
}
