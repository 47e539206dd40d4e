import fc from 'fast-check';
import type { NetworkModel } from '#contracts/facts.js';
import type { GatewayKind } from '#contracts/gateway-facts.js';
import { NetworkHistory, publicEndpoint } from '../support/network-history.js';
import { type GatewayStep, takeGateway } from '../support/random-gateways.js';
import { pathFailed, pathTried, place, reachabilityDecided, relayAssigned, relaySet } from '../support/relay-facts.js';

/**
 * Networks to send packets through: three to seven nodes, up to three clusters with doors and members, links wherever
 * deciders allow them, all kinds of gateways, clients, services; then some members take over, and some nodes go.
 */
export function topologies(): fc.Arbitrary<NetworkHistory> {
  return laidOut(fc.constant([]));
}

/** The same where most nodes are behind a NAT that nobody gets through, so that relays carry what goes between them. */
export function relayedTopologies(): fc.Arbitrary<NetworkHistory> {
  return laidOut(fc.array(standing, { minLength: 7, maxLength: 7 }));
}

/** Where a node is: callable, a relay besides, or behind one of the relays, perhaps without a way to the others. */
interface Standing {
  at: 'open' | 'relay' | 'behind';
  relay: number;
  isConfined: boolean;
}

const standing: fc.Arbitrary<Standing> = fc.record({
  at: fc.constantFrom('open', 'relay', 'behind', 'behind', 'behind'),
  relay: fc.nat({ max: 2 }),
  isConfined: fc.integer({ min: 0, max: 3 }).map((n) => n === 3),
});

function laidOut(standings: fc.Arbitrary<Standing[]>): fc.Arbitrary<NetworkHistory> {
  return fc
    .record({
      standings,
      nodes: fc.integer({ min: 3, max: 7 }),
      cidr6: fc.constantFrom(null, 'fd90::/64'),
      deny: fc.integer({ min: 0, max: 19 }).map((n) => n === 19),
      clusters: fc.array(cluster, { maxLength: 3, size: 'max' }),
      links: fc.array(fc.record({ a: fc.nat({ max: 2 }), b: fc.nat({ max: 2 }) }), { maxLength: 4, size: 'max' }),
      gateways: fc.array(gateway, { maxLength: 5, size: 'max' }),
      later: fc.array(fc.oneof(admit, use, publish), { maxLength: 6, size: 'max' }),
      moves: fc.array(move, { maxLength: 3 }),
      disabled: fc.array(fc.nat({ max: 20 }), { maxLength: 2 }),
    })
    .map(({ nodes, standings, cidr6, deny, clusters, links, gateways, later, moves, disabled }) => {
      const history = new NetworkHistory({ cidr6, defaultPolicy: deny ? 'deny' : 'allow' });
      const ids = joined(history, nodes, standings);
      const steps: GatewayStep[] = [
        ...clusters.map(({ declare }) => declare),
        ...clusters.flatMap(({ door, members }, index): GatewayStep[] => [
          { do: 'create', kind: 'cluster', ranges: [], masquerade: false, cluster: index, who: door },
          ...members.map(({ who, pods }): GatewayStep => ({ do: 'member', cluster: index, who, pods })),
        ]),
        ...links.map(({ a, b }): GatewayStep => ({ do: 'link', a, b })),
        ...gateways,
        ...later,
        ...moves,
      ];
      for (const step of steps) takeGateway(history, step);
      for (const n of disabled)
        if (ids[n] && !history.state.relays.has(ids[n]))
          history.append({ type: 'NodeDisabled', data: { nodeId: ids[n] } });
      return history;
    });
}

/** Nodes where they stand; the first one that is said to be a relay, or else the first of all, makes sure that there is one. */
function joined(history: NetworkHistory, count: number, standings: readonly Standing[]): string[] {
  const at = (n: number) => standings[n] && (n === 0 && !isRelayed(standings, count) ? 'relay' : standings[n].at);
  const ids = Array.from({ length: count }, (_, n) =>
    history.join(at(n) === undefined || at(n) === 'behind' ? {} : { endpoints: [publicEndpoint(`198.51.100.${n}`)] }),
  );
  const relays = ids.filter((_, n) => at(n) === 'relay');
  for (const id of relays) history.append(relaySet(id));
  ids.forEach((nodeId, n) => {
    const { relay = 0, isConfined } = standings[n] ?? {};
    if (at(n) !== 'behind') return;
    const own = relays[relay % relays.length] ?? '';
    history.append(reachabilityDecided(nodeId, place('endpoint-dependent', n)));
    history.append(relayAssigned(nodeId, own));
    for (const other of isConfined ? relays.filter((id) => id !== own) : []) {
      const [a = '', b = ''] = [nodeId, other].sort();
      history.append(pathTried(a, b, 'public'));
      history.append(pathFailed(a, b, 'public'));
    }
  });
  return ids;
}

const isRelayed = (standings: readonly Standing[], count: number) =>
  standings.slice(0, count).some(({ at }) => at === 'relay');

const who = fc.nat({ max: 6 });
const whoAll = fc.array(who, { minLength: 1, maxLength: 2 });

const cluster = fc.record({
  declare: fc.record({
    do: fc.constant('declare' as const),
    pods: fc.constantFrom<string[][]>(
      ['10.42.0.0/16'],
      ['10.42.0.0/16'],
      ['10.44.0.0/16'],
      ['10.46.0.0/16', 'fd42::/56'],
    ),
    services: fc.constantFrom<string[][]>(['10.43.0.0/16'], ['10.45.0.0/20'], []),
    model: fc.constantFrom<NetworkModel[]>('flat', 'isolated', 'island', 'archipelago', 'archipelago', 'archipelago'),
  }),
  door: whoAll,
  members: fc.array(fc.record({ who, pods: fc.nat({ max: 3 }) }), { maxLength: 4, size: 'max' }),
});

const gateway = fc.record({
  do: fc.constant('create' as const),
  kind: fc.constantFrom<GatewayKind[]>('egress', 'egress', 'ingress', 'ingress', 'internet'),
  ranges: fc.constantFrom<string[][]>(
    ['192.168.1.0/24'],
    ['192.168.0.0/16'],
    ['10.0.0.0/8'],
    ['172.16.0.0/12', 'fd77:1::/64'],
  ),
  masquerade: fc.boolean(),
  cluster: fc.constant(0),
  who: whoAll,
});

const admit = fc.record({
  do: fc.constant('admit' as const),
  gateway: fc.nat({ max: 3 }),
  allowed: fc.constantFrom<(string[] | undefined)[]>(
    undefined,
    ['10.90.0.0/30'],
    ['0.0.0.0/0', '::/0'],
    ['10.90.0.0/16', '192.168.1.0/24'],
    ['10.42.1.0/24', '192.168.0.0/16'],
  ),
});
const use = fc.record({
  do: fc.constant('use' as const),
  gateway: fc.nat({ max: 1 }),
  who: fc.array(who, { maxLength: 2 }),
  clients: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
});
const publish = fc.record({
  do: fc.constant('publish' as const),
  cluster: fc.nat({ max: 2 }),
  port: fc.constantFrom(80, 443),
  lend: fc.boolean(),
});
const move = fc.record({
  do: fc.constant('activate' as const),
  gateway: fc.nat({ max: 7 }),
  who: fc.option(fc.nat({ max: 1 }), { freq: 5, nil: null }),
});
