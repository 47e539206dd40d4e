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

describe('two nodes behind one router', () => {
  const BEHIND = place('endpoint-dependent', 7);

  /** Both seen at one address, one of them at other ports by each who talks to it, and a third elsewhere. */
  function oneRouter(ports: [number, number], ofB = BEHIND) {
    const history = new NetworkHistory({});
    const [a, b] = ports.map((port, n) =>
      history.join({ name: 'ab'[n]!, endpoints: [lanEndpoint(`192.168.1.${n + 2}`, port)] }),
    ) as [string, string];
    const [c, r] = [
      history.join({ name: 'c' }),
      history.join({ name: 'r', endpoints: [publicEndpoint('203.0.113.1')] }),
    ];
    const places = [BEHIND, ofB, place('endpoint-independent', 9, { filtering: 'restricted' })];
    [a, b, c].forEach((id, n) => history.append(reachabilityDecided(id, places[n]!)));
    for (const fact of [relaySet(r), ...[a, b, c].map((id) => relayAssigned(id, r))]) history.append(fact);
    const { state } = history;
    if (!isLive(state)) throw new Error('no network');
    const why = (from: string, to: string) => {
      const pair = [state.nodes.get(from)!, state.nodes.get(to)!] as const;
      return whyPath(state, pair, choosePath(state, ...pair)).why;
    };
    return { a, b, c, history, why };
  }
  const ADVICE = 'listen on UDP port 51820 behind 198.51.100.7: give one of them another --listen-port';

  test('that listen on one port: told at whom that spoils', () => {
    const steady = place('endpoint-independent', 7, { filtering: 'restricted' });
    const { a, b, c, why } = oneRouter([51_820, 51_820], steady);
    expect(why(a, c)).toBe(
      `nobody can call either, and no trial would help: a (endpoint-dependent), c (endpoint-independent); a and b ${ADVICE}`,
    );
    expect(why(b, c)).toBe('nobody can call either; a direct path is tried when they talk');
    const both = oneRouter([51_820, 51_820]);
    expect(both.why(both.b, both.c)).toContain(`; b and a ${ADVICE}`);
  });

  test('that listen on two', () => {
    const { a, c, why } = oneRouter([51_820, 61_234]);
    expect(why(a, c)).not.toContain('listen');
  });

  test('at another router', () => {
    const { a, c, why } = oneRouter([51_820, 51_820], place('endpoint-dependent', 8));
    expect(why(a, c)).not.toContain('listen');
  });
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
