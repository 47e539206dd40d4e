import type { Endpoint } from '#contracts/facts.js';
import type { DirectPath, NatKind, Reachability } from '#contracts/relay-facts.js';
import { lanEndpoint, NetworkHistory, publicEndpoint } from '../../../../test/support/network-history.js';
import {
  pathFailed,
  pathProven,
  pathTried,
  place,
  reachabilityDecided,
  relayAssigned,
  relaySet,
} from '../../../../test/support/relay-facts.js';
import { isLive, type LiveState } from '../members.js';
import { choosePath, type PairPath } from './choose-path.js';
import { peerSeenBy } from './peer-seen.js';

/** Two nodes `a` and `b`, the lower id first, and public relays `r` and `s`. */
function given(a: Place, b: Place) {
  const history = new NetworkHistory({});
  const ids: Record<string, string> = {};
  const join = (name: string, { site = null, offers = [], nat, filtering }: Place) => {
    const nodeId = (ids[name] = history.join({ name, site, endpoints: offers }));
    const n = Object.keys(ids).length;
    if (nat) history.append(reachabilityDecided(nodeId, place(nat, n, filtering && { filtering })));
  };
  join('a', a);
  join('b', b);
  join('r', { offers: [PUBLIC] });
  join('s', { offers: [PUBLIC] });
  const id = (name: string) => ids[name] ?? '';
  for (const relay of ['r', 's']) history.append(relaySet(id(relay)));
  return {
    history,
    id,
    behind: (node: string, relay: string) => history.append(relayAssigned(id(node), id(relay))),
    path: (from = 'a', to = 'b') => named(ids, pathOf(history, id(from), id(to))),
  };
}

interface Place {
  site?: string | null;
  offers?: Endpoint[];
  nat?: NatKind;
  filtering?: Reachability['filtering'];
}

const PUBLIC = publicEndpoint('203.0.113.1');
const LAN = lanEndpoint('192.168.1.2');

function pathOf({ state }: NetworkHistory, from: string, to: string): PairPath {
  const [a, b] = [state.nodes.get(from), state.nodes.get(to)];
  if (!isLive(state) || !a || !b) throw new Error('no such pair');
  return choosePath(state satisfies LiveState, a, b);
}

/** `public`, `relayed r`, `relayed r s`, `none`. */
function named(ids: Record<string, string>, path: PairPath): string {
  if (path.kind !== 'relayed') return path.kind;
  const names = path.relays.map((relay) => Object.keys(ids).find((name) => ids[name] === relay));
  return ['relayed', ...names].join(' ');
}

const NATED: Place = { offers: [LAN], nat: 'endpoint-independent' };

test.each<[string, Place, Place, string]>([
  ['two that offer public endpoints', { offers: [PUBLIC] }, { offers: [PUBLIC] }, 'public'],
  ['one that does', { offers: [PUBLIC] }, { offers: [] }, 'public'],
  ['two of one site', { site: 'x', offers: [LAN] }, { site: 'x', offers: [LAN] }, 'lan'],
  ['two of one site, one without a LAN endpoint', { site: 'x' }, { site: 'x', offers: [LAN] }, 'lan'],
  ['two of one site, whatever their NAT', { site: 'x', ...NATED }, { site: 'x', ...NATED }, 'lan'],
  ['two of one site, both public', { site: 'x', offers: [LAN, PUBLIC] }, { site: 'x', offers: [PUBLIC] }, 'lan'],
  ['two without a site', { offers: [LAN] }, { offers: [LAN] }, 'none'],
  ['two behind NAT', NATED, NATED, 'none'],
  ['one behind an open NAT', { ...NATED, filtering: 'open' }, { nat: 'endpoint-dependent' }, 'public'],
  ['one whose public endpoint was proven closed', { offers: [PUBLIC], nat: 'endpoint-independent' }, NATED, 'none'],
  ['one that cannot use UDP', { offers: [PUBLIC] }, { nat: 'blocked' }, 'none'],
  ['one that cannot use UDP but has a LAN', { site: 'x', offers: [LAN] }, { site: 'x', nat: 'blocked' }, 'lan'],
  ['one of which nothing is known', { offers: [PUBLIC] }, { nat: 'unknown' }, 'public'],
])('%s: no relay assigned', (_what, a, b, expected) => {
  const { path } = given(a, b);
  expect([path('a', 'b'), path('b', 'a')]).toEqual([expected, expected]);
});

describe('two that need a relay', () => {
  test('share one, always the same of the two', () => {
    const { behind, path } = given(NATED, NATED);
    behind('a', 'r');
    expect([path('a', 'b'), path('b', 'a')]).toEqual(['relayed r', 'relayed r']);
    behind('b', 's');
    expect([path('a', 'b'), path('b', 'a')]).toEqual(['relayed s', 'relayed s']);
  });

  test('use the other relay when one cannot reach it, and both relays when neither reaches that of the other', () => {
    const { history, id, behind, path } = given(NATED, NATED);
    behind('a', 'r');
    behind('b', 's');
    history.append(pathFailed(id('a'), id('s'), 'public'));
    expect([path('a', 'b'), path('b', 'a')]).toEqual(['relayed r', 'relayed r']);
    history.append(pathFailed(id('b'), id('r'), 'public'));
    expect([path('a', 'b'), path('b', 'a')]).toEqual(['relayed r s', 'relayed s r']);
    expect([path('r', 'b'), path('b', 'r')]).toEqual(['relayed s', 'relayed s']);
  });

  test('do without a relay that is disabled, unset, behind NAT, or that they cannot reach', () => {
    for (const spoil of [
      ({ history, id }: ReturnType<typeof given>) =>
        history.append({ type: 'NodeDisabled', data: { nodeId: id('r') } }),
      ({ history, id }: ReturnType<typeof given>) => history.append({ type: 'RelayUnset', data: { nodeId: id('r') } }),
      ({ history, id }: ReturnType<typeof given>) =>
        history.append(reachabilityDecided(id('r'), place('endpoint-independent'))),
      ({ history, id }: ReturnType<typeof given>) => history.append(pathFailed(id('b'), id('r'), 'public')),
    ]) {
      const network = given(NATED, NATED);
      network.behind('b', 'r');
      expect(network.path()).toBe('relayed r');
      spoil(network);
      expect(network.path()).toBe('none');
    }
  });

  test('reach relays directly, also while another relay is theirs', () => {
    const { behind, path } = given(NATED, NATED);
    behind('a', 'r');
    expect([path('a', 'r'), path('a', 's'), path('s', 'a'), path('r', 's')]).toEqual(Array(4).fill('public'));
  });
});

describe('a pair that is an exception', () => {
  const steps = (over: DirectPath, a: Place, b: Place) => {
    const network = given(a, b);
    const { history, id, behind, path } = network;
    behind('b', 'r');
    const was = [path()];
    history.append(pathTried(id('a'), id('b'), over));
    was.push(path());
    history.append(pathProven(id('a'), id('b')));
    was.push(path());
    history.append(pathFailed(id('a'), id('b'), over));
    was.push(path());
    history.append({ type: 'PathForgotten', data: { a: id('a'), b: id('b') } });
    return [...was, path()];
  };

  test('stays on the relay while a punched path is on trial, and returns to it when that fails', () => {
    expect(steps('punched', NATED, NATED)).toEqual(['relayed r', 'relayed r', 'punched', 'relayed r', 'relayed r']);
  });

  test('leaves what should work and does not', () => {
    const open = { offers: [PUBLIC] };
    expect(steps('public', open, NATED)).toEqual(['public', 'relayed r', 'public', 'relayed r', 'public']);
    const site = { site: 'x', offers: [LAN] };
    expect(steps('lan', site, site)).toEqual(['lan', 'relayed r', 'lan', 'relayed r', 'lan']);
  });

  test('is called where others see it, over a public path that was proven, not at what it offers on its LAN', () => {
    const { history, id } = given(NATED, { offers: [LAN], nat: 'endpoint-independent', filtering: 'open' });
    history.append(pathTried(id('a'), id('b'), 'public'));
    history.append(pathProven(id('a'), id('b')));
    const endpoint = (viewer: string, other: string) => {
      const [from, to] = [id(viewer), id(other)].map((nodeId) => history.state.nodes.get(nodeId));
      if (!isLive(history.state) || !from || !to) throw new Error('no such pair');
      return peerSeenBy(history.state, from, to).peer.endpoint;
    };
    expect(endpoint('a', 'b')).toBe('198.51.100.2:42');
    expect(endpoint('b', 'a')).toBeNull();
  });

  test('that failed is tried by what both are, once one of them is somewhere else', () => {
    const { history, id, path } = given({ offers: [PUBLIC] }, NATED);
    history.append(pathFailed(id('a'), id('b'), 'public'));
    expect(path()).toBe('none');
    history.append(reachabilityDecided(id('b'), place('endpoint-dependent', 9)));
    expect(path()).toBe('public');
  });
});
