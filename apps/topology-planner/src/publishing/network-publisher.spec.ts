import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { Unavailable } from '#contracts/errors.js';
import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { formatDigest, type NodeMessage } from '#contracts/node-stream.js';
import { digests } from '#planner/digests.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { NetworkHistory } from '../../../../test/support/network-history.js';
import { histories } from '../../../../test/support/random-history.js';
import { type FoundHead, NetworkPublisher } from './network-publisher.js';
import type { NodeStream } from './node-stream.port.js';

type Message = Parameters<NodeStream['publish']>[0];

/** A broker that keeps what JetStream would keep of each node, and agents that fold what reaches them. */
class Mesh {
  readonly sent: Message[] = [];
  readonly heads = new Map<string, FoundHead>();
  readonly agents = new Map<string, NodeSet>();
  publisher: NetworkPublisher | undefined;
  /** A node whose messages the broker refuses. */
  unwilling = '';
  /** Messages that are still stored before the broker is cut, and that still reach the agents. */
  budget = Infinity;
  hearing = Infinity;

  readonly stream: NodeStream = {
    told: async () => {},
    publish: async (message) => {
      await Promise.resolve();
      if (!(await message.isCurrent())) throw new Unavailable('log', 'deposed');
      if (message.nodeId === this.unwilling) throw new RangeError('too large');
      if (this.hearing-- > 0) this.deliver(message);
      if (this.budget-- <= 0) throw new Unavailable('broker', 'cut');
      this.sent.push(message);
      const { nodeId, head } = message;
      const known = this.heads.get(nodeId)?.fullRevision ?? 0;
      this.heads.set(nodeId, { ...head, fullRevision: head.kind === 'full' ? head.revision : known });
    },
    removeNode: async (nodeId) => {
      this.heads.delete(nodeId);
      this.agents.delete(nodeId);
    },
  };

  deliver({ nodeId, head, body }: Message): void {
    const message = { head, body: JSON.parse(new TextDecoder().decode(body)) } as NodeMessage;
    const folded = foldMessage(this.agents.get(nodeId), message);
    if (folded.outcome === 'folded') this.agents.set(nodeId, folded.set);
    if (folded.outcome === 'resync') this.publisher?.requestFull(nodeId);
  }

  digests(): [string, string][] {
    return [...this.agents].map(([id, set]): [string, string] => [id, formatDigest(set.digest)]).sort();
  }
}

const statesOf = (history: NetworkHistory) => {
  const facts = history.facts as RecordedFact<NetworkFact>[];
  const states: NetworkState[] = [networkFold.initialState];
  for (const fact of facts) states.push(networkFold.evolve(states.at(-1)!, fact));
  return { facts, states };
};

const wanted = (state: NetworkState) =>
  [...digests(state)].map(([id, digest]): [string, string] => [id, formatDigest(digest)]).sort();

function publisherOf(
  mesh: Mesh,
  { facts, states }: ReturnType<typeof statesOf>,
  version: number,
  mayPublish: () => boolean | Promise<boolean> = () => true,
) {
  const failures: unknown[] = [];
  const undeliverable: string[] = [];
  const publisher = new NetworkPublisher(states[version]!, {
    stream: mesh.stream,
    history: {
      stateAt: async (at) => states[at]!,
      factsAfter: async (at) => facts.slice(at),
    },
    mayPublish,
    onUndeliverable: (nodeId) => undeliverable.push(nodeId),
    onRefused: (violations) => failures.push(violations),
    onFailed: (error) => failures.push(error),
  });
  mesh.publisher = publisher;
  return { publisher, failures, undeliverable };
}

test('agents that fold every message hold what the plan says, however facts are batched', async () => {
  await fc.assert(
    fc.asyncProperty(
      histories(30),
      fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 40 }),
      async (history, cuts) => {
        const log = statesOf(history);
        const mesh = new Mesh();
        const { publisher, failures } = publisherOf(mesh, log, 0);
        await publisher.lead(1, new Map());
        let version = 0;
        for (const size of [...cuts, log.facts.length]) {
          const next = Math.min(version + size, log.facts.length);
          publisher.advance(log.states[next]!, log.facts.slice(version, next));
          version = next;
          if (size % 2) await publisher.idle();
        }
        await publisher.idle();
        expect(failures).toEqual([]);
        expect(mesh.digests()).toEqual(wanted(log.states.at(-1)!));
      },
    ),
    { numRuns: 200 },
  );
});

test('a publisher that takes over in the middle of a batch brings every agent to the plan, told or not, stored or not', async () => {
  const run = fc.record({
    history: histories(30),
    stored: fc.nat(60),
    heard: fc.nat(60),
    cut: fc.nat(30),
    taken: fc.nat(30),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ history, stored, heard, cut, taken }) => {
      const log = statesOf(history);
      const mesh = new Mesh();
      const first = publisherOf(mesh, log, 0).publisher;
      await first.lead(1, new Map());
      Object.assign(mesh, { budget: stored, hearing: stored + heard });
      const last = log.facts.length;
      const middle = Math.min(cut, last);
      for (let version = 0; version < middle; version += 3) {
        const next = Math.min(version + 3, middle);
        first.advance(log.states[next]!, log.facts.slice(version, next));
        await first.idle();
      }
      await first.stop();
      Object.assign(mesh, { budget: Infinity, hearing: Infinity });

      // What the log held by then may undo what only the agents know.
      const from = Math.min(middle + taken, last);
      const { publisher, failures } = publisherOf(mesh, log, from);
      await publisher.lead(2, new Map(mesh.heads));
      await publisher.idle();
      // A node that was removed meanwhile has no login any more.
      for (const nodeId of mesh.agents.keys()) if (!log.states[from]!.nodes.has(nodeId)) mesh.agents.delete(nodeId);
      expect(mesh.digests()).toEqual(wanted(log.states[from]!));
      publisher.advance(log.states.at(-1)!, log.facts.slice(from));
      await publisher.idle();
      expect(failures).toEqual([]);
      expect(mesh.digests()).toEqual(wanted(log.states.at(-1)!));
    }),
    { numRuns: 500 },
  );
}, 120_000);

test('a takeover with nothing to mend sends nothing', async () => {
  const history = fc
    .sample(histories(30), { numRuns: 20, seed: 7 })
    .sort((a, b) => b.state.nodes.size - a.state.nodes.size)[0]!;
  const log = statesOf(history);
  const mesh = new Mesh();
  const first = publisherOf(mesh, log, log.facts.length).publisher;
  await first.lead(1, new Map());
  await first.idle();
  await first.stop();
  const before = mesh.sent.length;
  const { publisher } = publisherOf(mesh, log, log.facts.length);
  await publisher.lead(2, new Map(mesh.heads));
  await publisher.idle();
  expect(history.state.nodes.size).toBeGreaterThan(1);
  expect(mesh.sent.length).toBe(before);
});

test('facts that arrive while a batch is in flight go out as one delta per node', async () => {
  const history = fc
    .sample(histories(40), { numRuns: 20, seed: 3 })
    .sort((a, b) => b.state.nodes.size - a.state.nodes.size)[0]!;
  const log = statesOf(history);
  const mesh = new Mesh();
  const { publisher } = publisherOf(mesh, log, 0);
  await publisher.lead(1, new Map());
  log.facts.forEach((fact, i) => publisher.advance(log.states[i + 1]!, [fact]));
  await publisher.idle();
  expect(mesh.digests()).toEqual(wanted(log.states.at(-1)!));
  // The first fact alone, then all others together: at most two messages for any node.
  const perNode = new Map<string, number>();
  for (const { nodeId } of mesh.sent) perNode.set(nodeId, (perNode.get(nodeId) ?? 0) + 1);
  expect(Math.max(...perNode.values())).toBeLessThanOrEqual(2);
});

test.each([
  ['waits while it may not publish, and goes on when it may', true],
  ['says no more once it was stopped, whatever waits', false],
])('a publisher %s', async (_, goesOn) => {
  const history = fc.sample(histories(30), { numRuns: 1, seed: 5 })[0]!;
  const log = statesOf(history);
  const mesh = new Mesh();
  let allowed = true;
  let asked = 0;
  const { publisher, failures } = publisherOf(mesh, log, 0, () => {
    // It must not ask for ever: nothing else would run meanwhile, not even what renews the right to publish.
    if (++asked > 1_000) throw new Error('asked again and again');
    return allowed;
  });
  await publisher.lead(1, new Map());
  allowed = false;
  publisher.advance(log.states.at(-1)!, log.facts);
  await publisher.idle();
  expect(mesh.sent).toEqual([]);

  if (!goesOn) await publisher.stop();
  allowed = true;
  publisher.resume();
  await publisher.idle();
  expect(mesh.digests()).toEqual(goesOn ? wanted(log.states.at(-1)!) : []);
  expect(failures).toEqual([]);
});

test.each([
  ['its own still', true],
  ["another's by then", false],
])('what is on its way while the lease is in doubt waits until that is settled: it is %s', async (_, isOwn) => {
  let permit: boolean | Promise<boolean> = true;
  let settle: (is: boolean) => void = () => {};
  const { mesh, log, publisher, failures } = await settledMesh(() => permit);
  const before = mesh.sent.length;
  mesh.agents.clear();
  for (const nodeId of mesh.heads.keys()) publisher.requestFull(nodeId);
  permit = new Promise((resolve) => (settle = resolve));
  await new Promise(setImmediate);
  expect([mesh.sent.length, failures]).toEqual([before, []]);
  permit = isOwn;
  settle(isOwn);
  await publisher.idle();
  expect(mesh.digests()).toEqual(isOwn ? wanted(log.states.at(-1)!) : []);
  expect(failures).toHaveLength(isOwn ? 0 : 1);
});

/** A history with at least three nodes at its end, and everything published. */
async function settledMesh(mayPublish?: () => boolean | Promise<boolean>) {
  const history = fc
    .sample(histories(40), { numRuns: 20, seed: 3 })
    .sort((a, b) => b.state.nodes.size - a.state.nodes.size)[0]!;
  const log = statesOf(history);
  const mesh = new Mesh();
  const made = publisherOf(mesh, log, log.facts.length, mayPublish);
  await made.publisher.lead(1, new Map());
  await made.publisher.idle();
  expect(mesh.agents.size).toBeGreaterThan(2);
  return { mesh, log, ...made };
}

test('a message that the broker refuses for good keeps no other node from its own', async () => {
  const { mesh, log, publisher, failures, undeliverable } = await settledMesh();
  const [victim, ...others] = [...mesh.agents.keys()];
  mesh.agents.clear();
  mesh.unwilling = victim!;
  for (const nodeId of [victim!, ...others]) publisher.requestFull(nodeId);
  await publisher.idle();
  expect(undeliverable).toEqual([victim]);
  expect(failures).toEqual([]);
  expect([...mesh.agents.keys()].sort()).toEqual(others.sort());
  expect(wanted(log.states.at(-1)!)).toEqual(expect.arrayContaining(mesh.digests()));
});

test('a repair that fails while messages of it are on their way that fail as well is one failure', async () => {
  const history = new NetworkHistory();
  const [first, second] = [history.join(), history.join(), history.join()];
  const log = statesOf(history);
  const last = log.facts.length;
  const mesh = new Mesh();
  mesh.budget = 0;
  const found = (nodeId: string, logVersion: number): [string, FoundHead] => {
    const digest = formatDigest(digests(log.states[logVersion]!).get(nodeId)!);
    return [nodeId, { kind: 'delta', epoch: 1, revision: 1, logVersion, digest, fullRevision: 1 }];
  };
  const publisher = new NetworkPublisher(log.states[last]!, {
    stream: mesh.stream,
    history: {
      stateAt: async (at) => {
        if (at < last - 1) return log.states[at]!;
        await new Promise((resolve) => setImmediate(resolve));
        throw new Unavailable('log', 'away');
      },
      factsAfter: async (at) => log.facts.slice(at),
    },
    mayPublish: () => true,
    onRefused: () => {},
    onFailed: () => {},
  });
  // Jest fails a test that leaves a rejection to nobody; in a service it would end the process.
  const taking = publisher.lead(2, new Map([found(first!, last - 2), found(second!, last - 1)]));
  await expect(taking).rejects.toMatchObject({ part: 'log' });
  expect(mesh.budget).toBeLessThan(0);
});

test('a node that says twice that it holds something else gets a full; one that is right, or was only late, gets nothing', async () => {
  const { mesh, publisher } = await settledMesh();
  const [nodeId, set] = [...mesh.agents][0]!;
  const before = mesh.sent.length;
  publisher.noteHeld(nodeId, formatDigest(set.digest));
  publisher.noteHeld(nodeId, 'f'.repeat(32));
  publisher.noteHeld(nodeId, formatDigest(set.digest));
  publisher.noteHeld(nodeId, 'e'.repeat(32));
  await publisher.idle();
  expect(mesh.sent.length).toBe(before);
  mesh.agents.delete(nodeId);
  publisher.noteHeld(nodeId, 'e'.repeat(32));
  await publisher.idle();
  expect(mesh.sent.slice(before).map(({ head }) => head.kind)).toEqual(['full']);
  expect(mesh.agents.get(nodeId)?.digest).toBe(set.digest);
});

test('a message of a deposed publisher that lands after the takeover: its node is told what is right, once, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(histories(30), fc.nat(), async (history, pick) => {
      const log = statesOf(history);
      const state = log.states.at(-1)!;
      const nodeIds = [...state.nodes.keys()];
      const mesh = new Mesh();
      const { publisher } = publisherOf(mesh, log, log.facts.length);
      publisher.noteStored(new Map(nodeIds.map((nodeId) => [nodeId, 0])));
      await publisher.lead(2, new Map());
      await publisher.idle();
      if (nodeIds.length === 0) return;
      const before = mesh.sent.length;
      const late = nodeIds[pick % nodeIds.length]!;
      publisher.noteStored(
        new Map([...nodeIds.map((nodeId): [string, number] => [nodeId, 2]), [late, 1], ['gone', 1]]),
      );
      await publisher.idle();
      // An agent that took the late one, in the epoch before.
      const agent: NodeSet = { epoch: 1, revision: 99, logVersion: 1, digest: 0n, resources: new Map() };
      const [told] = mesh.sent.slice(before);
      expect(mesh.sent).toHaveLength(before + 1);
      expect([told?.nodeId, told?.head.epoch, told?.head.digest]).toEqual([
        late,
        2,
        formatDigest(digests(state).get(late)!),
      ]);
      mesh.agents.set(late, agent);
      mesh.deliver(told!);
      await publisher.idle();
      expect(mesh.digests()).toEqual(wanted(state));
    }),
    { numRuns: 50 },
  );
});

/** Many join at once; `onFull` is asked for how long each of their fulls is on its way. */
async function manyJoin(count: number, onFull: () => Promise<void>) {
  const history = new NetworkHistory();
  for (let n = 0; n < count; n++) history.join();
  const log = statesOf(history);
  const mesh = new Mesh();
  const { publish } = mesh.stream;
  mesh.stream.publish = async (message) => {
    if (message.head.kind === 'full') await onFull();
    return publish(message);
  };
  const { publisher, failures } = publisherOf(mesh, log, 0);
  await publisher.lead(1, new Map());
  publisher.advance(log.states.at(-1)!, log.facts);
  await publisher.idle();
  expect(failures).toEqual([]);
  expect(mesh.digests()).toEqual(wanted(log.states.at(-1)!));
}

test('however many join at once, few of their fulls are on their way together', async () => {
  let [now, most] = [0, 0];
  await manyJoin(150, async () => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now -= 1;
  });
  expect(most).toBeLessThanOrEqual(64);
});

test('while the plans of those who join are worked out, others of this process get their turn', async () => {
  let clock = 0;
  const slow = jest.spyOn(performance, 'now').mockImplementation(() => (clock += 1_000));
  let turn = 0;
  const turns = new Set<number>();
  try {
    await manyJoin(20, async () => {
      turns.add(turn);
      setImmediate(() => (turn += 1));
    });
  } finally {
    slow.mockRestore();
  }
  expect(turns.size).toBeGreaterThan(1);
});
