import fc from 'fast-check';
import type { NetworkFact } from '#contracts/facts.js';
import type { DirectPath, NatKind, Reachability } from '#contracts/relay-facts.js';
import { type Joining, lanEndpoint, NetworkHistory, publicEndpoint, testId } from './network-history.js';

/** Reachability as relay-planner would decide it for one kind of place in the world; `n` makes addresses differ. */
export const place = (nat: NatKind, n = 1, overrides: Partial<Reachability> = {}): Reachability => ({
  nat,
  filtering: nat === 'public' ? 'open' : 'unknown',
  endpoints: nat === 'endpoint-independent' || nat === 'unknown' ? [`198.51.100.${n}:4${n}`] : [],
  addresses: nat === 'blocked' ? [] : [`198.51.100.${n}`],
  ...overrides,
});

export const reachabilityDecided = (nodeId: string, reachability: Reachability): NetworkFact => ({
  type: 'NodeReachabilityDecided',
  data: { nodeId, observers: [], ...reachability },
});

export const relaySet = (nodeId: string, capacity = 100): NetworkFact => ({
  type: 'RelaySet',
  data: { nodeId, capacity },
});

export const relayAssigned = (nodeId: string, relayId: string | null): NetworkFact => ({
  type: 'RelayAssigned',
  data: { nodeId, relayId, reason: 'needed' },
});

export const pathTried = (a: string, b: string, over: DirectPath = 'punched'): NetworkFact => ({
  type: 'PathTried',
  data: { a, b, over },
});

export const pathProven = (a: string, b: string): NetworkFact => ({ type: 'PathProven', data: { a, b } });

export const pathFailed = (a: string, b: string, over: DirectPath = 'punched', retryAt = ''): NetworkFact => ({
  type: 'PathFailed',
  data: { a, b, over, reason: 'no handshake', failures: 1, retryAt },
});

const NATS: readonly NatKind[] = [
  'public',
  'endpoint-independent',
  'endpoint-dependent',
  'cgnat',
  'blocked',
  'unknown',
];

export const places: fc.Arbitrary<Reachability> = fc
  .record({
    nat: fc.constantFrom(...NATS),
    n: fc.integer({ min: 1, max: 3 }),
    filtering: fc.constantFrom('open' as const, 'restricted' as const, 'unknown' as const),
  })
  .map(({ nat, n, filtering }) => place(nat, n, { filtering }));

interface RandomPair {
  a: number;
  b: number;
  over: DirectPath;
  phase: 'trying' | 'proven' | 'failed';
}

const pairs: fc.Arbitrary<RandomPair> = fc.record({
  a: fc.nat(11),
  b: fc.nat(11),
  over: fc.constantFrom<DirectPath>('lan', 'public', 'punched'),
  phase: fc.constantFrom('trying', 'proven', 'failed'),
});

const node = fc.record({
  joining: fc.record<Joining>({
    site: fc.constantFrom(null, null, null, 'berlin', 'oslo'),
    endpoints: fc.constantFrom([], [lanEndpoint('192.168.1.1')], [publicEndpoint('203.0.113.1')]),
  }),
  place: fc.option(places),
  /** Which relay it has, and whether it reaches no other. */
  relay: fc.nat(4),
  isConfined: fc.boolean(),
});

/** Networks in which anything may be said of who reaches whom, sensible or not. */
export const reachabilityGraphs: fc.Arbitrary<NetworkHistory> = fc
  .record({
    nodes: fc.array(node, { minLength: 2, maxLength: 8 }),
    /** Nodes that everybody can call. */
    open: fc.nat(3),
    relays: fc.array(fc.record({ node: fc.nat(11), capacity: fc.integer({ min: 1, max: 6 }) }), { maxLength: 4 }),
    pairs: fc.array(pairs, { maxLength: 6 }),
    disabled: fc.array(fc.nat(11), { maxLength: 1 }),
  })
  .map(({ nodes, open, relays, pairs, disabled }) => {
    const history = new NetworkHistory({});
    const ids = Array.from({ length: open }, () => history.join({ endpoints: [publicEndpoint('203.0.113.2')] }));
    for (const { joining } of nodes) ids.push(history.join(joining));
    const idOf = (n: number) => ids[n % ids.length] ?? testId(0);
    nodes.forEach(({ place }, n) => place && history.append(reachabilityDecided(idOf(open + n), place)));
    for (const { node, capacity } of relays) history.append(relaySet(idOf(node), capacity));
    nodes.forEach(({ relay, isConfined }, n) => {
      const own = relays[relay]?.node;
      if (own === undefined) return;
      history.append(relayAssigned(idOf(open + n), idOf(own)));
      for (const { node } of isConfined ? relays : [])
        if (idOf(node) !== idOf(own)) takePair(history, [idOf(open + n), idOf(node)], CUT);
    });
    for (const pair of pairs) takePair(history, [idOf(pair.a), idOf(pair.b)], pair);
    for (const n of disabled) history.append({ type: 'NodeDisabled', data: { nodeId: idOf(n) } });
    return history;
  });

const CUT = { over: 'public', phase: 'failed' } as const;

function takePair(
  history: NetworkHistory,
  ends: [string, string],
  { over, phase }: Pick<RandomPair, 'over' | 'phase'>,
): void {
  const [a, b] = ends.sort();
  if (a === undefined || b === undefined || a === b) return;
  history.append(pathTried(a, b, over));
  if (phase === 'proven') history.append(pathProven(a, b));
  if (phase === 'failed') history.append(pathFailed(a, b, over));
}
