import { describe, expect, test } from '@jest/globals';
import type { NetworkFact } from '#contracts/facts.js';
import type { ObservedLink } from '#contracts/reports.js';
import { lanEndpoint, NetworkHistory, publicEndpoint } from '../../../test/support/network-history.js';
import {
  pathFailed,
  pathProven,
  pathTried,
  place,
  reachabilityDecided,
  relaySet,
} from '../../../test/support/relay-facts.js';
import { LONGEST_TRIAL_MS, NetworkPaths, TRIAL_MS } from './network-paths.js';
import { RelayHealth } from './relays/relay-health.js';

/** Nodes a and b that nobody is known to reach, and public ones p and q. Times are seconds. */
function given(...facts: ((ids: Record<'a' | 'b' | 'p' | 'q', string>) => NetworkFact)[]) {
  const history = new NetworkHistory({});
  const ids = {
    a: history.join({ endpoints: [lanEndpoint('192.168.1.1')] }),
    b: history.join({ endpoints: [lanEndpoint('192.168.2.1')] }),
    p: history.join({ endpoints: [publicEndpoint('203.0.113.1')] }),
    q: history.join({ endpoints: [publicEndpoint('203.0.113.2')] }),
  };
  const health = new RelayHealth(0);
  const paths = new NetworkPaths(health);
  const append = (fact: NetworkFact, at: number) => {
    history.append(fact);
    paths.learn(history.state, history.facts.slice(-1), at * 1000);
  };
  for (const fact of facts) append(fact(ids), 0);
  type Name = keyof typeof ids;
  return {
    ids,
    append,
    tells(from: Name, at: number, ...links: [Name, string | null, ObservedLink['link']?][]) {
      health.heard(ids[from], at * 1000);
      const peers = links.map(([to, endpoint, link = 'up']) => ({ nodeId: ids[to], endpoint, link, rtt: null }));
      paths.hear(history.state, ids[from], { endpoints: [], peers, forwarded: [] }, at * 1000);
    },
    forwarded(from: Name, at: number, a: Name, b: Name) {
      const report = { endpoints: [], peers: [], forwarded: [[ids[a], ids[b]] as [string, string]] };
      paths.hear(history.state, ids[from], report, at * 1000);
    },
    holds: (name: Name, at: number, version = history.state.version) => paths.holds(ids[name], version, at * 1000),
    due: (at: number) => paths.due(history.state, at * 1000),
    verdict: (name: Name, at: number) => paths.verdict(ids[name], at * 1000)?.reachability,
  };
}

const HERE = '198.51.100.1:4001';
const THERE = '198.51.100.1:4002';

describe('how a node is reached', () => {
  test('is due when it has lasted three seconds', () => {
    const { ids, tells, due, verdict } = given();
    tells('p', 0, ['a', HERE]);
    tells('q', 1, ['a', HERE]);
    expect([due(3).reachability, due(4).reachability]).toEqual([[], [ids.a]]);
    expect(verdict('a', 4)).toMatchObject({ nat: 'endpoint-independent', endpoints: [HERE] });
  });

  test('is not another kind until that has lasted a minute: a NAT that lost its mappings is seen at two ports for a while', () => {
    const known = place('endpoint-independent', 1, { endpoints: [HERE] });
    const { ids, tells, due } = given(({ a }) => reachabilityDecided(a, known));
    tells('p', 0, ['a', HERE]);
    tells('q', 0, ['a', HERE]);
    tells('p', 10, ['a', THERE]);
    expect([due(69).reachability, due(70).reachability]).toEqual([[], [ids.a]]);
    tells('q', 35, ['a', THERE]);
    expect([due(36).reachability, due(37).reachability]).toEqual([[], [ids.a]]);
  });

  test('is no news when the same is heard again', () => {
    const known = place('endpoint-independent', 1, { endpoints: [HERE] });
    const { tells, due } = given(({ a }) => reachabilityDecided(a, known));
    tells('p', 0, ['a', HERE]);
    tells('q', 0, ['a', HERE]);
    expect(due(1000).reachability).toEqual([]);
  });

  test('is not told by those who have a path of their own with it', () => {
    const { tells, due } = given(({ a, p }) => pathFailed(a, p, 'public'));
    tells('p', 0, ['a', HERE]);
    expect(due(10).reachability).toEqual([]);
  });

  test('is closed where somebody is not answered, and nobody is', () => {
    const { ids, tells, due, verdict } = given();
    tells('p', 0, ['q', '203.0.113.2:51820']);
    tells('q', 0, ['p', '203.0.113.1:51820']);
    tells('a', 0, ['q', '203.0.113.2:51820']);
    tells('a', 1, ['p', '203.0.113.1:51820', 'unanswered']);
    expect(due(5).reachability).toEqual([ids.p]);
    expect(verdict('p', 5)).toMatchObject({ nat: 'endpoint-independent', filtering: 'restricted' });
  });

  const P = '203.0.113.1:51820';
  const Q = '203.0.113.2:51820';
  /** p and q see each other; a and b reach q, and have given up on p one after the other, each with nothing else in doubt. */
  const givenUp = (...callers: ('a' | 'b')[]) => {
    const paths = given();
    paths.tells('p', 0, ['q', Q]);
    paths.tells('q', 0, ['p', P]);
    for (const caller of callers) {
      paths.tells(caller, 0, ['q', Q]);
      paths.append(pathFailed(paths.ids[caller], paths.ids.p, 'public'), 1);
    }
    return paths;
  };

  test('is closed where two have given up on it, whenever they did', () => {
    const { ids, due, verdict } = givenUp('a', 'b');
    expect([due(3).reachability, due(4).reachability]).toEqual([[], [ids.p]]);
    expect(verdict('p', 4)).toMatchObject({ nat: 'endpoint-independent', filtering: 'restricted', endpoints: [P] });
  });

  test('is not closed because one pair has lost its way', () => {
    expect(givenUp('a').due(100).reachability).toEqual([]);
  });

  test('is not open because somebody on its LAN reaches it', () => {
    const { ids, tells, due, verdict } = given();
    tells('p', 0, ['a', HERE]);
    tells('q', 0, ['a', HERE]);
    tells('b', 0, ['a', '192.168.1.1:51820']);
    expect(due(3).reachability).toEqual([ids.a]);
    expect(verdict('a', 3)).toMatchObject({ nat: 'endpoint-independent', filtering: 'unknown' });
    tells('b', 4, ['a', HERE]);
    expect(verdict('a', 4)).toMatchObject({ filtering: 'open' });
  });

  test('is not open because one reaches it that it has called itself, at what that one offers', () => {
    const closed = place('endpoint-independent', 2, { filtering: 'restricted', endpoints: [Q] });
    const open = place('public', 3, { endpoints: ['198.51.100.3:1'] });
    const { ids, tells, due, verdict } = given(
      ({ q }) => reachabilityDecided(q, closed),
      ({ b }) => reachabilityDecided(b, open),
    );
    tells('b', 0, ['p', P]);
    tells('q', 0, ['p', P]);
    tells('a', 0, ['p', P, 'unanswered'], ['b', '198.51.100.3:1']);
    tells('p', 0, ['q', Q], ['b', '198.51.100.3:1']);
    expect(due(3).reachability).toContain(ids.p);
    expect(verdict('p', 3)).toMatchObject({ nat: 'endpoint-independent', filtering: 'restricted' });
  });

  test('stays closed when nobody calls it there any more', () => {
    const closed = place('endpoint-independent', 1, {
      filtering: 'restricted',
      endpoints: [P],
      addresses: ['203.0.113.1'],
    });
    const { ids, append, tells, due } = given(({ p }) => reachabilityDecided(p, closed));
    append(pathTried(ids.a, ids.p), 1);
    append(pathProven(ids.a, ids.p), 2);
    tells('p', 3, ['q', Q]);
    tells('q', 3, ['p', P]);
    expect(due(1000).reachability).toEqual([]);
  });

  test('is open again where it is somewhere else', () => {
    const closed = place('endpoint-independent', 1, {
      filtering: 'restricted',
      endpoints: [HERE],
      addresses: ['198.51.100.1'],
    });
    const { ids, tells, due, verdict } = given(({ p }) => reachabilityDecided(p, closed));
    tells('p', 3, ['q', Q]);
    tells('q', 3, ['p', P]);
    expect(due(63).reachability).toEqual([ids.p]);
    expect(verdict('p', 63)).toMatchObject({ nat: 'public', filtering: 'open' });
  });
});

describe('a trial', () => {
  const trying = () => given(({ a, b }) => pathTried(a, b));

  test('is proven when both ends have told, after it began', () => {
    const { ids, tells, due } = trying();
    tells('a', 1, ['b', THERE]);
    expect(due(2).proofs).toEqual([]);
    tells('b', 2, ['a', HERE]);
    expect(due(2).proofs).toEqual([[ids.a, ids.b]]);
  });

  test('fails when it takes too long', () => {
    const { ids, holds, due } = trying();
    const limit = TRIAL_MS / 1000;
    holds('a', 1);
    holds('b', 4);
    expect(due(4 + limit).failures).toEqual([]);
    expect(due(5 + limit).failures).toEqual([{ pair: [ids.a, ids.b], reason: 'no handshake' }]);
  });

  test('is held since it began where both ends held it before this replica knew', () => {
    const { ids, append, holds, due } = given();
    for (const name of ['a', 'b'] as const) holds(name, 0, 1_000);
    append(pathTried(ids.a, ids.b), 1);
    expect(due(2 + TRIAL_MS / 1000).failures).toHaveLength(1);
  });

  test('fails when one end never holds it, a minute later', () => {
    const { ids, holds, due } = trying();
    const limit = LONGEST_TRIAL_MS / 1000;
    holds('a', 1);
    expect(due(limit).failures).toEqual([]);
    expect(due(limit + 1).failures).toEqual([{ pair: [ids.a, ids.b], reason: 'no handshake' }]);
  });

  test('is wanted by whoever lost its way to a relay, without any traffic, until it is back', () => {
    const { ids, append, due } = given(
      ({ p }) => relaySet(p),
      ({ a, p }) => pathFailed(a, p, 'public'),
      ({ a, q }) => pathFailed(a, q, 'public'),
    );
    expect([due(1).tries, due(1.5).tries, due(2).tries]).toEqual([[[ids.a, ids.p]], [], [[ids.a, ids.p]]]);
    append(pathTried(ids.a, ids.p, 'public'), 3);
    append(pathProven(ids.a, ids.p), 4);
    expect(due(70).tries).toEqual([]);
  });

  test('is wanted by a pair that a relay forwards for, for a minute', () => {
    const { ids, forwarded, due } = given();
    forwarded('p', 0, 'b', 'a');
    expect([due(60).tries, due(61).tries]).toEqual([[[ids.a, ids.b]], []]);
  });
});

describe('a path fails', () => {
  test('at once where it was proven and one end is not answered', () => {
    const { ids, append, tells, due } = given(({ a, b }) => pathTried(a, b));
    append(pathProven(ids.a, ids.b), 1);
    tells('a', 100, ['b', THERE, 'unanswered']);
    expect(due(100).failures).toEqual([{ pair: [ids.a, ids.b], reason: 'silent' }]);
  });

  /** p reaches q, and a tells since 1 that p does not answer. */
  const missed = () => {
    const paths = given();
    paths.tells('p', 0, ['q', '203.0.113.2:51820']);
    paths.tells('a', 1, ['q', '203.0.113.2:51820'], ['p', null, 'unanswered']);
    return paths;
  };
  const NO_ANSWER = 'no answer';

  test('soon where it should work and nothing else is wrong with either', () => {
    const { ids, tells, due } = missed();
    expect([due(1.2).failures, due(1.3).failures]).toEqual([[], [{ pair: [ids.a, ids.p], reason: NO_ANSWER }]]);
    tells('a', 9, ['p', '203.0.113.1:51820']);
    expect(due(10).failures).toEqual([]);
  });

  test('not before it is known that both are there, where others miss one of them too: eight seconds', () => {
    const { ids, tells, due } = missed();
    tells('b', 1.1, ['q', '203.0.113.2:51820'], ['p', null, 'unanswered']);
    expect([due(2).failures, due(30).failures]).toEqual([[], []]);
    tells('p', 31, ['q', '203.0.113.2:51820']);
    expect([due(31).failures, due(38).failures]).toEqual([[], []]);
    expect(due(39).failures).toEqual([
      { pair: [ids.a, ids.p], reason: NO_ANSWER },
      { pair: [ids.b, ids.p], reason: NO_ANSWER },
    ]);
  });

  test('soon although one of both has missed others for long, who may be gone', () => {
    const { ids, tells, due } = given();
    tells('p', 0, ['q', '203.0.113.2:51820']);
    tells('a', 1, ['b', null, 'unanswered'], ['q', null, 'unanswered']);
    tells('p', 20, ['q', '203.0.113.2:51820']);
    tells('q', 20, ['p', '203.0.113.1:51820']);
    tells('a', 20, ['p', null, 'unanswered'], ['b', '198.51.100.1:4002']);
    expect(due(20.3).failures).toContainEqual({ pair: [ids.a, ids.p], reason: NO_ANSWER });
  });

  test('not where others have missed one of both before, and nothing was heard of it since', () => {
    const { tells, due } = missed();
    tells('b', 20, ['q', '203.0.113.2:51820'], ['p', null, 'unanswered']);
    expect([due(21).failures, due(30).failures]).toEqual([[], []]);
  });

  describe('to a relay', () => {
    /** Half a minute of a and the relay p, and of q, which is heard to the end. p is silent from 20 to `back`, and a says that it misses it. */
    const lost = ({ isProven, back }: { isProven: boolean; back: number }) => {
      const paths = given(({ p }) => relaySet(p));
      const { ids, append, tells, due } = paths;
      if (isProven) for (const fact of [pathTried(ids.a, ids.p, 'public'), pathProven(ids.a, ids.p)]) append(fact, 0);
      const failedAt: number[] = [];
      for (let at = 0; at <= 80; at += 0.5) {
        tells('q', at, ['a', HERE]);
        if (at <= 20 || at >= back) tells('p', at, ['q', '203.0.113.2:51820']);
        if (at === 20) tells('a', at, ['q', '203.0.113.2:51820']);
        if (at === 22.5) tells('a', at, ['p', null, 'unanswered']);
        if (due(at).failures.some(({ pair }) => pair.includes(ids.p))) failedAt.push(at);
      }
      return failedAt;
    };

    test.each([false, true])('not because that is dead (proven: %p)', (isProven) => {
      expect(lost({ isProven, back: Infinity })).toEqual([]);
    });

    test.each([false, true])(
      'not before that has been back for 20 s: by then its peers have found it (proven: %p)',
      (isProven) => {
        expect(lost({ isProven, back: 40 })[0]).toBe(60);
      },
    );

    test.each([false, true])('as any other where that was there all the time (proven: %p)', (isProven) => {
      expect(lost({ isProven, back: 20.5 })[0]).toBe(isProven ? 22.5 : 23);
    });
  });

  test('not where one of both was never heard of', () => {
    const { tells, due } = given();
    tells('a', 0, ['q', '203.0.113.2:51820'], ['p', null, 'unanswered']);
    expect(due(8).failures).toEqual([]);
  });

  test('soon although another path of it has failed: that is settled', () => {
    const { ids, append, tells, due } = missed();
    tells('b', 1, ['q', '203.0.113.2:51820'], ['p', null, 'unanswered']);
    append(pathFailed(ids.b, ids.p, 'public'), 1.2);
    expect(due(2).failures).toEqual([{ pair: [ids.a, ids.p], reason: NO_ANSWER }]);
  });
});
