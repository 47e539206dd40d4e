import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import type { NewFact, RecordedFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { NetworkHistory } from '../../../test/support/network-history.js';
import { until } from '../../../test/support/wait.js';
import { SNAPSHOT_EVERY } from './decisions-on.js';
import { type FollowFacts, NetworkFollower } from './network-follower.js';

/** A log that holds a history up to a version, and a feed that the test drives. */
async function given(upTo: number) {
  const history = new NetworkHistory({});
  for (const name of ['ada', 'bob', 'cy']) history.join({ name });
  const facts = history.facts as RecordedFact[];
  const stream = facts[0]!.stream;
  const store = new MemoryEventStore();
  const append = (from: number, to: number) =>
    store.append([{ stream, expectedVersion: from, facts: facts.slice(from, to) as NewFact[] }], []);
  await append(0, upTo);
  let deliver: Parameters<FollowFacts>[0] | undefined;
  const follower = new NetworkFollower(store, async (options) => {
    deliver = options;
    return { stop: async () => {} };
  });
  return { history, facts, stream, store, append, follower, feed: () => deliver! };
}

test('it starts at what the log holds and then folds what the feed brings', async () => {
  const { facts, stream, follower, feed } = await given(2);
  await follower.start();
  expect(follower.states.get(stream)?.version).toBe(2);
  expect(feed().from.get(stream)).toBe(2);
  const seen: number[] = [];
  const end = follower.onChange(({ state }) => seen.push(state.version));
  await feed().onFacts(stream, facts.slice(2));
  expect(follower.states.get(stream)?.nodes.size).toBe(3);
  end();
  expect(seen).toEqual([facts.length]);
});

test('it starts from the newest snapshot, however new, and leaves one where there is none for long', async () => {
  const { history, facts, stream, store, append, follower } = await given(0);
  const [nodeId] = [...history.state.nodes.keys()];
  while (facts.length < SNAPSHOT_EVERY)
    history.append({
      type: 'NodeChanged',
      data: { nodeId: nodeId!, changes: { labels: { turn: `${history.facts.length}` } } },
    });
  await append(0, facts.length);
  await follower.start();
  expect(follower.states.get(stream)?.version).toBe(facts.length);
  const snapshot = () => store.snapshot(stream, { schema: networkFold.schema });
  await until('the snapshot', async () => (await snapshot())?.version === facts.length);

  const reads: number[] = [];
  const { read } = store;
  store.read = (name, options) => {
    reads.push(options?.after ?? 0);
    return read.call(store, name, options);
  };
  const next = new NetworkFollower(store, async () => ({ stop: async () => {} }));
  await next.start();
  expect(next.states.get(stream)?.version).toBe(facts.length);
  expect(reads).toEqual([facts.length]);
});

test('it tells what a network was, and what happened since', async () => {
  const { facts, stream, follower } = await given(4);
  await follower.start();
  expect((await follower.stateAt(stream, 2)).version).toBe(2);
  expect((await follower.factsAfter(stream, 1)).map(({ version }) => version)).toEqual(
    facts.slice(1, 4).map(({ version }) => version),
  );
});

test('caught up means: everything the log held when it was asked', async () => {
  const { facts, stream, append, follower, feed } = await given(2);
  await follower.start();
  await follower.caughtUp(stream);
  await append(2, 4);
  let level = false;
  const waiting = follower.caughtUp(stream).then(() => (level = true));
  await feed().onFacts(stream, facts.slice(2, 3));
  expect(level).toBe(false);
  await feed().onFacts(stream, facts.slice(3, 4));
  await waiting;
});
