import { publicEndpoint, lanEndpoint, NetworkHistory } from '../../../../test/support/network-history.js';
import {
  pathFailed,
  pathProven,
  pathTried,
  place,
  reachabilityDecided,
  relayAssigned,
  relaySet,
} from '../../../../test/support/relay-facts.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { NatKind } from '#contracts/relay-facts.js';
import { isLive } from '../members.js';
import { choosePath } from './choose-path.js';
import { whyPath } from './why-path.js';

/** Nodes a and b behind NAT of these kinds, and a public relay r. */
function given(ofA?: NatKind, ofB?: NatKind, { relay = true, site = null as string | null } = {}) {
  const history = new NetworkHistory({});
  const [a, b] = [1, 2].map((n) =>
    history.join({ name: 'ab'[n - 1]!, site, endpoints: [lanEndpoint(`192.168.${n}.1`)] }),
  ) as [string, string];
  const r = history.join({ name: 'r', endpoints: [publicEndpoint('203.0.113.1')] });
  if (ofA) history.append(reachabilityDecided(a, place(ofA, 1)));
  if (ofB) history.append(reachabilityDecided(b, place(ofB, 2)));
  if (relay) for (const fact of [relaySet(r), relayAssigned(a, r), relayAssigned(b, r)]) history.append(fact);
  const why = (from = a, to = b) => {
    const { state } = history;
    const pair = [state.nodes.get(from)!, state.nodes.get(to)!] as const;
    if (!isLive(state)) throw new Error('no network');
    return whyPath(state, pair, choosePath(state, ...pair));
  };
  const then = (...facts: NetworkFact[]) => {
    for (const fact of facts) history.append(fact);
    return why();
  };
  return { a, b, r, history, why, then };
}

const LATER = '2026-11-22T00:00:00.000Z';

test('a path tells why it is that one', () => {
  const { a, b, r, why, then } = given('endpoint-independent', 'endpoint-independent');
  expect(why(a, r).why).toBe('anybody can call r');
  expect(why().why).toBe('nobody can call either; a direct path is tried when they talk');
  expect(then(pathTried(a, b)).why).toBe('a direct path through NAT on both sides is on trial');
  expect(then(pathProven(a, b)).why).toBe('through NAT on both sides, proven by handshakes of both');
  expect(then(pathFailed(a, b, 'punched', LATER)).why).toBe(
    `no direct path through NAT on both sides (no handshake, once); no new trial before ${LATER} unless something changes`,
  );
});

test.each([
  ['at one site', given(undefined, undefined, { site: 'oslo' }), 'both are at site oslo'],
  [
    'where no trial helps',
    given('endpoint-dependent', 'cgnat'),
    'nobody can call either, and no trial would help: a (endpoint-dependent), b (cgnat)',
  ],
  [
    'without a relay',
    given('endpoint-dependent', 'cgnat', { relay: false }),
    'nobody can call a, and it has no relay; nobody can call b, and it has no relay',
  ],
  ['that use no UDP', given('blocked', 'cgnat'), 'a can use no UDP'],
])('two %s', (_what, { why }, expected) => {
  expect(why().why).toBe(expected);
});

test('it is so since the newest of the facts that it follows from', () => {
  const { a, b, history, why } = given('endpoint-dependent', 'cgnat');
  const at = () => history.facts.at(-1)!.metadata.at;
  expect(why().since).toBe(at());
  const before = why().since;
  history.join({ name: 'c' });
  expect(why().since).toBe(before);
  history.append(pathTried(a, b));
  expect(why().since).toBe(at());
});
