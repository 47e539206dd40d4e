import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { NodeSet } from '#contracts/node-fold.js';
import { digestOf, formatDigest, type Resource } from '#contracts/node-stream.js';
import type { AppliedReport, RejectedReport } from '#contracts/reports.js';
import { DeviceError } from '#wireguard/core/device.js';
import type { Operation } from '#wireguard/core/operation.js';
import { MemoryDevice } from '#wireguard/memory/memory-device.js';
import { KEYS, local, ownInterface, peer, peerId, route } from '#wireguard/testing/fixtures.js';
import { createLog } from '../log.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { signMember } from '#contracts/sign-membership.js';
import { Members } from '../members/members.js';
import type { HeldSet } from '../state/held-set.js';
import { SeenEndpoints } from '../state/seen-endpoints.js';
import { StateDir } from '../state/state-dir.js';
import { Converger } from './converger.js';

const setOf = (revision: number, ...resources: Resource[]): NodeSet => ({
  epoch: 1,
  revision,
  logVersion: revision,
  digest: digestOf(resources),
  resources: new Map(resources.map((resource) => [resource.name, resource])),
});
const heldAs = (set: NodeSet): HeldSet => ({ set, appliedAt: '2026-11-21T05:00:00.000Z' });

const first = setOf(1, ownInterface(), peer('b'), route('10.90.0.0/16'));
const second = setOf(2, ownInterface(), peer('b'), peer('c'), route('10.90.0.0/16'));
const bad = setOf(3, ownInterface(), peer('b'), peer('c', { allowedIps: ['10.90.0.2/32'] }));

let device: MemoryDevice;
let disk: NodeSet[];
let applied: AppliedReport[];
let awaited: boolean[];
let rejected: RejectedReport[];
let converger: Converger;
let members: Members;
let seen: SeenEndpoints;
let dir: string;

/** A node that has one key, and what becomes of it. */
const keyRing = (...others: string[]) => ({
  publicKey: KEYS.own as string,
  steps: [] as string[],
  has: (key: string) => [KEYS.own as string, ...others].includes(key),
  async use(key: string) {
    if (key === this.publicKey) return;
    this.publicKey = key;
    this.steps.push(`use ${key}`);
  },
  async settle() {
    this.steps.push('settle');
  },
});

/** What is said of sets that were applied, and of those that were taken back; `hold` and `blame` by default. */
const wayOf = (verdicts: ('hold' | 'return' | 'stopped')[], judgement: 'blame' | 'trust' = 'blame') => ({
  asked: [] as number[],
  async prove(_before: NodeSet | undefined, after: NodeSet) {
    this.asked.push(after.revision);
    return verdicts.shift() ?? 'hold';
  },
  judge: async () => judgement,
});

function start(held?: NodeSet, keys = keyRing(), way = wayOf([])) {
  converger = new Converger({
    device,
    local: Object.defineProperty({ ...local }, 'publicKey', { get: () => keys.publicKey }),
    keys,
    members,
    seen,
    way,
    held: held && heldAs(held),
    record: async ({ set }) => void disk.push(set),
    onApplied: (report, isAwaited) => {
      applied.push(report);
      awaited.push(isAwaited);
    },
    onRejected: (report) => rejected.push(report),
    log: createLog('silent'),
  });
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tombolo-converger-'));
  members = await Members.load(new StateDir(dir), peerId('a'));
  seen = await SeenEndpoints.load(new StateDir(dir));
  device = new MemoryDevice(KEYS.own);
  disk = [];
  applied = [];
  awaited = [];
  rejected = [];
  start();
});
afterEach(() => rmSync(dir, { recursive: true }));

const offer = async (set: NodeSet) => {
  converger.offer(set, performance.now());
  await converger.wake();
};
const peers = () => [...(device.model?.peers.keys() ?? [])];
/** Fails the next calls of one method of the device. */
const failing = (method: 'apply' | 'observe' | 'create', error: Error, times = Infinity) => {
  const real = device[method].bind(device) as () => never;
  let left = times;
  Object.assign(device, {
    [method]: async (...parameters: []) => {
      if (left-- > 0) throw error;
      return real(...parameters);
    },
  });
  return () => Object.assign(device, { [method]: real });
};

test('with nothing to hold nothing is touched', async () => {
  await converger.wake();
  expect(device.model).toBeUndefined();
});

test('applied and read back, recorded, then told', async () => {
  const order: string[] = [];
  for (const method of ['observe', 'apply'] as const) {
    const real = device[method].bind(device) as (...parameters: unknown[]) => never;
    Object.assign(device, { [method]: (...parameters: unknown[]) => (order.push(method), real(...parameters)) });
  }
  disk.push = () => order.push('record');
  applied.push = () => order.push('tell');
  await offer(first);
  expect(order.slice(0, 6)).toEqual(['observe', 'observe', 'apply', 'observe', 'record', 'tell']);
});

test('what is told names what is held', async () => {
  await offer(first);
  expect(peers()).toEqual([KEYS.b]);
  expect(disk).toEqual([first]);
  expect(applied).toEqual([
    { epoch: 1, revision: 1, digest: formatDigest(first.digest), logVersion: 1, tookMs: expect.any(Number) },
  ]);
  expect(converger.held?.set).toBe(first);
});

test('the first set, and one that changes what is there, may be awaited; one that only adds or takes away is not', async () => {
  const [own, b, c, mesh] = [ownInterface(), peer('b'), peer('c'), route('10.90.0.0/16')];
  await offer(setOf(1, own, b, mesh));
  await offer(setOf(2, own, b, c, mesh));
  await offer(setOf(3, own, c, mesh));
  await offer(setOf(4, own, { ...c, nextKey: KEYS.b }, mesh));
  expect(awaited).toEqual([true, false, false, true]);
});

test('of several sets that come during a pass only the newest is applied', async () => {
  converger.offer(first, performance.now());
  converger.offer(second, performance.now());
  converger.offer(setOf(4, ownInterface(), peer('c')), performance.now());
  await converger.wake();
  expect(disk.map((set) => set.revision)).toEqual([1, 4]);
  expect(peers()).toEqual([KEYS.c]);
});

test('no wake is lost, whenever it comes', async () => {
  start(second);
  await converger.wake();
  for (let microtasks = 0; microtasks < 60; microtasks++) {
    const pass = converger.wake();
    for (let each = 0; each < microtasks; each++) await Promise.resolve();
    device.model?.peers.delete(KEYS.c);
    await Promise.all([pass, converger.wake()]);
    expect(peers()).toHaveLength(2);
  }
});

test('a set that may not be applied: nothing is touched, it is told once, the last good one stays', async () => {
  await offer(second);
  const index = device.model?.ifindex;
  await offer(bad);
  await converger.wake();
  expect(rejected).toEqual([
    {
      epoch: 1,
      revision: 3,
      held: 2,
      errors: [{ resource: peer('c').name, message: expect.stringContaining('belongs to') }],
    },
  ]);
  expect(converger.held?.set).toBe(second);
  expect(converger.rejected).toBe(bad);
  expect(disk).toEqual([second]);
  expect(device.model?.ifindex).toBe(index);
  await offer(setOf(4, ownInterface(), peer('b')));
  expect(converger.rejected).toBeUndefined();
});

test('a set that fails half-way is taken back; it is told once, and tried again only after a while', async () => {
  await offer(first);
  const real = device.apply.bind(device);
  let attempts = 0;
  device.apply = async (operations) => {
    const taking = operations.some((operation) => operation.reason === 'peer c is missing');
    await real(operations);
    if (!taking) return;
    attempts += 1;
    throw new DeviceError('conflict', 'no', { kind: 'route-add', cidr: '10.1.0.0/16', replace: false, reason: '' });
  };
  await offer(second);
  expect(rejected).toEqual([
    { epoch: 1, revision: 2, held: 1, errors: [{ resource: 'route/10.1.0.0/16', message: 'no' }] },
  ]);
  expect(peers()).toEqual([KEYS.b]);
  expect(converger.repairs).toBe(0);
  for (let wake = 0; wake < 5; wake++) await converger.wake();
  expect(attempts).toBe(1);
  const later = performance.now() + 31_000;
  const clock = jest.spyOn(performance, 'now').mockReturnValue(later);
  await converger.wake();
  expect(attempts).toBe(2);
  expect(rejected).toHaveLength(1);
  device.apply = real;
  clock.mockReturnValue(later + 61_000);
  await converger.wake();
  clock.mockRestore();
  expect(converger.held?.set).toBe(second);
  expect(applied.map((report) => report.revision)).toEqual([1, 2]);
});

test('a disk that is full: not held, taken back', async () => {
  await offer(first);
  const parts = converger as unknown as { parts: { record(): Promise<void> } };
  parts.parts.record = () => Promise.reject(new Error('ENOSPC: no space left on device'));
  await offer(second);
  expect(rejected[0]?.errors).toEqual([{ resource: 'interface', message: 'ENOSPC: no space left on device' }]);
  expect(peers()).toEqual([KEYS.b]);
});

test('up from disk: no drift, no report', async () => {
  start(second);
  await converger.wake();
  expect(peers()).toHaveLength(2);
  expect(converger.repairs).toBe(0);
  expect(applied).toEqual([]);
});

test('drift is repaired and counted', async () => {
  converger.offer(second, performance.now());
  await converger.wake();
  device.model?.peers.delete(KEYS.c);
  device.model?.setDown();
  await converger.wake();
  expect(peers()).toHaveLength(2);
  expect(device.model?.up).toBe(true);
  expect(converger.repairs).toBe(3);
  device.model = undefined;
  await converger.wake();
  expect(peers()).toHaveLength(2);
});

test('peers are greeted where they may hold a session that is over, and only there', async () => {
  const greeted = new Set<string>();
  const real = device.apply.bind(device);
  device.apply = async (steps) => {
    for (const step of steps) if (step.kind === 'peer-set' && step.keepalive === 1) greeted.add(step.publicKey);
    await real(steps);
  };
  const greetedBy = async (deed: () => unknown) => {
    greeted.clear();
    await deed();
    await converger.wake();
    return [...greeted].sort();
  };
  expect(await greetedBy(() => offer(first))).toEqual([]); // nobody knows a node that is new
  expect(await greetedBy(() => offer(second))).toEqual([]);
  expect(await greetedBy(() => device.model?.setDown())).toEqual([KEYS.b, KEYS.c].sort());
  expect(await greetedBy(() => start(second))).toEqual([]); // the agent was away, the interface was not
  expect(await greetedBy(() => (device.model = undefined))).toEqual([KEYS.b, KEYS.c].sort());
});

test('a peer that calls is called where it was seen last, when its session is gone with the interface, also after a restart', async () => {
  const third = setOf(2, ownInterface(), peer('b', { endpoint: '192.0.2.2:51820' }), peer('c'), route('10.90.0.0/16'));
  const endpoints = () => device.model?.read().peers.map(({ endpoint }) => endpoint);
  await offer(third);
  for (const [key, endpoint] of [
    [KEYS.b, '198.51.100.7:1024'],
    [KEYS.c, '198.51.100.9:4711'],
  ] as const)
    Object.assign(device.model!.peers.get(key)!, { endpoint, handshakeAt: 1_800_000_000 });
  await converger.wake();
  device.model = undefined;
  seen = await SeenEndpoints.load(new StateDir(dir));
  start(third);
  await converger.wake();
  expect(endpoints()?.sort()).toEqual(['192.0.2.2:51820', '198.51.100.9:4711']);
});

test('a dead backend is buried and another one made, in the same pass', async () => {
  await offer(second);
  const index = device.model!.ifindex;
  failing('observe', new DeviceError('dead', 'does not answer'), 1);
  const remove = jest.spyOn(device, 'remove');
  await converger.wake();
  expect(remove).toHaveBeenCalledTimes(1);
  expect(peers()).toHaveLength(2);
  expect(device.model?.ifindex).not.toBe(index);
});

test("somebody else's interface is left alone, for as long as it is there", async () => {
  const heal = failing('observe', new DeviceError('foreign', 'tmb0 is not ours'));
  await offer(first);
  expect(rejected[0]?.errors).toEqual([{ resource: 'interface', message: 'tmb0 is not ours' }]);
  expect(device.model).toBeUndefined();
  heal();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 31_000);
  await converger.wake();
  clock.mockRestore();
  expect(converger.held?.set).toBe(first);
});

test('an interface that never becomes what it shall be is no endless loop', async () => {
  Object.assign(device, { apply: async () => undefined });
  await offer(first);
  expect(rejected[0]?.errors[0]?.message).toMatch(/still differs after 3 rounds: .*peer b is missing/);
});

test('stopped: the pass in hand is finished, no other is begun', async () => {
  converger.offer(first, performance.now());
  await converger.stop();
  expect(converger.held?.set).toBe(first);
  converger.offer(second, performance.now());
  await converger.wake();
  expect(converger.held?.set).toBe(first);
});

describe('a set that names another key of this node', () => {
  const rotated = setOf(2, ownInterface({ key: { current: KEYS.stranger } }), peer('b'));
  /** The device follows the keys, as in run-agent.ts. */
  const startWith = (...others: string[]) => {
    const keys = keyRing(...others);
    const follow = { get: () => keys.publicKey };
    Object.defineProperty(device, 'publicKey', follow);
    start(first, keys);
    const real = device.create.bind(device);
    Object.assign(device, {
      create: async () => {
        await real();
        Object.defineProperty(device.model, 'ownPublicKey', follow);
      },
    });
    return keys;
  };

  test('it is in use on disk before the kernel has it, and settled when the set is held', async () => {
    const keys = startWith(KEYS.stranger);
    await converger.wake();
    const real = device.apply.bind(device);
    Object.assign(device, { apply: (steps: Operation[]) => (keys.steps.push('apply'), real(steps)) });
    disk.push = () => keys.steps.push('record');
    await offer(rotated);
    expect(keys.steps).toEqual([`use ${KEYS.stranger}`, 'apply', 'apply', 'record', 'settle']);
    expect(rejected).toEqual([]);
  });

  test('when the set cannot be applied the key before is back', async () => {
    const keys = startWith(KEYS.stranger);
    await converger.wake();
    const repair = failing('apply', new DeviceError('failed', 'no'), 1);
    await offer(rotated);
    repair();
    expect(keys.steps).toEqual([`use ${KEYS.stranger}`, `use ${KEYS.own}`]);
    expect(device.model?.publicKey).toBe(KEYS.own);
    expect(rejected).toHaveLength(1);
  });

  test('a key that the node does not have is refused, and nothing is touched', async () => {
    const keys = startWith();
    await offer(rotated);
    expect([keys.steps, rejected[0]?.errors]).toEqual([
      [],
      [{ resource: 'interface', message: expect.stringContaining('no such key') }],
    ]);
  });
});

describe('a set after which the control plane is out of reach', () => {
  const startWith = (...parameters: Parameters<typeof wayOf>) => {
    const way = wayOf(...parameters);
    start(first, keyRing(), way);
    return way;
  };

  test('is taken back, and rejected when the control plane is there without it', async () => {
    const way = startWith(['return']);
    await offer(second);
    await new Promise(setImmediate);
    expect([peers(), disk, applied]).toEqual([[KEYS.b], [], []]);
    expect(rejected).toEqual([
      { epoch: 1, revision: 2, held: 1, errors: [{ resource: '', message: expect.stringContaining('out of reach') }] },
    ]);
    await converger.wake();
    expect(way.asked).toEqual([2]);
    await offer(setOf(3, ownInterface(), peer('c')));
    expect([converger.held?.set.revision, way.asked]).toEqual([3, [2, 3]]);
  });

  test('is applied again and held, without another doubt, when the control plane is away without it too', async () => {
    const way = startWith(['return', 'return'], 'trust');
    await offer(second);
    await new Promise(setImmediate);
    await converger.wake();
    expect([peers().sort(), disk, rejected, way.asked]).toEqual([[KEYS.c, KEYS.b].sort(), [second], [], [2]]);
  });

  test('stays as it is when the agent is stopped before it is known; the disk holds the one before', async () => {
    startWith(['stopped']);
    converger.offer(second, performance.now());
    await converger.stop();
    expect([peers().sort(), disk, rejected]).toEqual([[KEYS.c, KEYS.b].sort(), [], []]);
  });
});

describe('under a lock', () => {
  const ann = operator(1);
  const networkId = peerId('n');
  const lock: Resource = { name: 'lock', chain: [lockBy(ann, networkId)] };
  const signed = (node: 'a' | 'b' | 'c', publicKey: string, addresses: string[]) => ({
    addresses,
    ...signMember({ networkId, memberId: peerId(node), publicKey, addresses, mayCarry: false }, ann),
  });
  const own = ownInterface({ signed: signed('a', KEYS.own, ['10.90.0.1', 'fd12::1']) });
  const b = peer('b', { signed: signed('b', KEYS.b, ['10.90.0.2']) });
  const forged = peer('c', { publicKey: KEYS.stranger, allowedIps: ['10.90.0.2/32'], signed: b.signed! });

  test('what is not signed is left out; the rest is applied, and what is told is what was sent', async () => {
    const set = setOf(1, lock, own, b, forged);
    await offer(set);
    expect(peers()).toEqual([KEYS.b]);
    expect(disk).toEqual([set]);
    expect(rejected).toEqual([]);
    expect(applied).toMatchObject([
      {
        digest: formatDigest(set.digest),
        refused: [{ resource: forged.name, message: expect.stringContaining('not for') }],
      },
    ]);
  });

  test('nor does the kernel keep it when it was there before', async () => {
    await offer(setOf(1, ownInterface(), peer('b'), peer('c')));
    expect(peers()).toEqual([KEYS.b, KEYS.c].sort());
    await offer(setOf(2, lock, own, b, peer('c')));
    expect(peers()).toEqual([KEYS.b]);
  });

  test('the lock stays when the control plane shows none any more, also after a start', async () => {
    await offer(setOf(1, lock, own, b));
    await offer(setOf(2, ownInterface(), peer('b'), peer('c')));
    expect(peers()).toEqual([]);
    members = await Members.load(new StateDir(dir), peerId('a'));
    start(setOf(2, ownInterface(), peer('b'), peer('c')));
    await converger.wake();
    expect(peers()).toEqual([]);
    expect(converger.admitted?.refused.map(({ resource }) => resource)).toEqual(['lock', 'interface']);
  });
});
