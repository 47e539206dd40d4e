import type { RecordedFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { NetworkHistory } from '../../../test/support/network-history.js';
import { RECENT_FACTS, RecentHistory } from './recent-history.js';

const LENGTH = 2 * RECENT_FACTS;
const NODES = 100;

/** A long log: some nodes join, and then one after the other is relabelled, again and again. */
const log = new NetworkHistory();
const nodeIds = Array.from({ length: NODES }, () => log.join());
for (let turn = 0; log.facts.length < LENGTH; turn++)
  log.append({
    type: 'NodeChanged',
    data: { nodeId: nodeIds[turn % NODES]!, changes: { labels: { turn: `${turn}` } } },
  });
const facts = log.facts as RecordedFact[];
const asJson = (version: number) => JSON.stringify(networkFold.toJson(log.stateAt(version)));

/** A history that was given the facts from a version on, some at a time. */
function given({ since, batch }: { since: number; batch: number }) {
  const history = new RecentHistory(log.stateAt(since));
  for (let at = since; at < facts.length; at += batch) history.fold(facts.slice(at, at + batch));
  return history;
}

test.each([1, 7, 100, LENGTH])(
  'the last facts and every state between them are known, when %d came at a time',
  (batch) => {
    const history = given({ since: 0, batch });
    const last = facts.length;
    for (let version = last - RECENT_FACTS; version <= last; version += 5) {
      const state = history.stateAt(version);
      expect(state && JSON.stringify(networkFold.toJson(state))).toBe(asJson(version));
      expect(history.factsAfter(version)).toEqual(facts.slice(version));
    }
    expect(history.stateAt(last)).toBe(history.latest);
  },
);

test('what is too long ago is not made up, nor what has not come yet', () => {
  const history = given({ since: 0, batch: 10 });
  for (const version of [0, facts.length - RECENT_FACTS - 200, facts.length + 1])
    expect([history.stateAt(version), history.factsAfter(version)]).toEqual([undefined, undefined]);
});

test('before the state that it began with it knows nothing', () => {
  const since = LENGTH - 20;
  const history = given({ since, batch: 3 });
  expect([history.stateAt(since - 1), history.factsAfter(since - 1)]).toEqual([undefined, undefined]);
  expect(JSON.stringify(networkFold.toJson(history.stateAt(since)!))).toBe(asJson(since));
  expect(history.factsAfter(since)).toEqual(facts.slice(since));
});

test('a state of before has the same nodes, as far as nothing happened to them', () => {
  const history = given({ since: 0, batch: 10 });
  const before = history.stateAt(facts.length - 10)!;
  const same = [...before.nodes].filter(([nodeId, node]) => history.latest.nodes.get(nodeId) === node);
  expect(same.length).toBeGreaterThan(20);
});
