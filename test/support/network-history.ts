import type { Endpoint, NetworkFact, NetworkSettings, NodeRecord, RecordedFact } from '#contracts/facts.js';
import type { Decision } from '#contracts/decision.js';
import { isRefusal } from '#contracts/errors.js';
import { allocate } from '#ipam/pool.js';
import type { CommandMeta } from '#topology/command.js';
import { lockMembers } from '#topology/lock-members.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';

/** A UUIDv7 for every number, in their order. Joined from parts: V8 keeps ids that come out of JSON as flat as this. */
export const testId = (n: number): string => ['01930000-0000-7000-8000', n.toString(16).padStart(12, '0')].join('-');

/** base64 of 32 bytes, another for every number: public halves of keys that nobody has. */
export function testKey(n: number): string {
  const bytes = Buffer.alloc(32, 7);
  bytes.writeUInt32BE(n);
  return bytes.toString('base64');
}

const STARTED = Date.parse('2026-11-20T08:00:00Z');

export type Joining = Partial<Pick<NodeRecord, 'nodeId' | 'name' | 'endpoints' | 'site' | 'labels'>>;

/**
 * One network's log in memory, for tests of what comes after the log. It makes the facts that valid commands would make:
 * addresses by the real pools, state by the real fold; it refuses nothing.
 */
export class NetworkHistory {
  readonly facts: RecordedFact<NetworkFact>[] = [];
  #states: NetworkState[] = [networkFold.initialState];
  #now = STARTED;
  #made = 0;

  constructor(settings: Partial<NetworkSettings> & { name?: string } = {}) {
    this.append({
      type: 'NetworkCreated',
      data: {
        networkId: testId(0xfffffff),
        name: 'mesh',
        cidr: '10.90.0.0/16',
        cidr6: 'fd90::/64',
        model: 'flat',
        mtu: 1420,
        keepalive: 25,
        defaultPolicy: 'allow',
        ...settings,
      },
    });
  }

  get state(): NetworkState {
    return this.stateAt(this.facts.length);
  }

  /** @param version 0 is before the network exists */
  stateAt(version: number): NetworkState {
    const state = this.#states[version];
    if (!state) throw new Error(`this history ends at version ${this.facts.length}`);
    return state;
  }

  append(fact: NetworkFact): void {
    this.#now += 1000;
    const at = new Date(this.#now).toISOString();
    const version = this.facts.length + 1;
    const metadata = { actor: 'token/test', commandId: `command-${version}`, at };
    const recorded = { ...fact, metadata, stream: testId(0xfffffff), version, hash: '', recordedAt: at };
    const before = this.state;
    this.facts.push(recorded);
    this.#states.push(networkFold.evolve(before, recorded));
  }

  /** Time passes. @returns what it is now, ISO 8601 UTC */
  pass(milliseconds: number): string {
    this.#now += milliseconds;
    return new Date(this.#now).toISOString();
  }

  /** Appends what a decider makes of a command now; nothing when it refuses. @returns whether it did not */
  decide(decider: (state: NetworkState, meta: CommandMeta) => Decision): boolean {
    const at = new Date(this.#now + 1000).toISOString();
    const commandId = `command-${this.facts.length + 1}`;
    try {
      const { facts } = decider(this.state, { actor: 'token/test', commandId, at });
      for (const { type, data } of facts) this.append({ type, data } as NetworkFact);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /** An id that nothing has yet. */
  newId(): string {
    return testId(0x1000000 + ++this.#made);
  }

  /** @returns the new node's id */
  join(joining: Joining = {}): string {
    const n = ++this.#made;
    const at = new Date(this.#now).toISOString();
    const { pool4, pool6 } = this.state;
    const { nodeId = testId(n), name = `node-${n}` } = joining;
    this.append({
      type: 'NodeEnrolled',
      data: {
        publicKey: testKey(n),
        controlKey: testKey(n + 0x10000000),
        natsKey: `U${n}`,
        addresses: [pool4, pool6].filter((pool) => pool !== null).map((pool) => allocate(pool, at)),
        endpoints: [],
        labels: {},
        site: null,
        keyId: testId(0xffffff0),
        ephemeralTtl: null,
        ...joining,
        nodeId,
        name,
      },
    });
    return nodeId;
  }

  rotateKey(nodeId: string): void {
    const n = ++this.#made;
    this.append({ type: 'NodeKeyRotated', data: { nodeId, publicKey: testKey(n) } });
  }

  /** The next step of a rotation as operator, node and registry take them. */
  stepRotation(nodeId: string): void {
    const rotation = this.state.nodes.get(nodeId)?.keyRotation;
    if (rotation?.step === 'offered')
      this.append({ type: 'NodeKeyRotated', data: { nodeId, publicKey: rotation.publicKey } });
    else if (rotation?.step === 'requested')
      this.append({ type: 'NodeKeyOffered', data: { nodeId, publicKey: testKey(++this.#made) } });
    else this.append({ type: 'NodeKeyRotationRequested', data: { nodeId } });
  }

  /** Another entry of the lock. Who plans believes the registry that it is good. */
  changeLock(): void {
    const { networkId = '' } = this.state.network ?? {};
    const serial = this.state.lock.length + 1;
    const change = { networkId, serial, previous: null, ranges: [], keys: [testKey(serial)], disablement: '' };
    this.append({ type: 'LockChanged', data: { entry: { ...change, by: testKey(serial), signature: '' } } });
  }

  /** One of those that can be signed. */
  sign(which: number): void {
    const members = lockMembers(this.state);
    const member = members[which % members.length];
    if (!member) return;
    const { memberId, publicKey } = member.record;
    const signature = `signature ${++this.#made}`;
    const carrier = this.#made % 2 === 0 && ({ mayCarry: true } as const);
    this.append({ type: 'MemberSigned', data: { memberId, publicKey, ...carrier, by: testKey(1), signature } });
  }

  /** Addresses that rest after a removal may be given again. */
  passDay(): void {
    this.#now += 25 * 60 * 60 * 1000;
  }
}

export const publicEndpoint = (address: string, port = 51820): Endpoint => ({ address, port, kind: 'public' });
export const lanEndpoint = (address: string, port = 51820): Endpoint => ({ address, port, kind: 'lan' });
