import fc from 'fast-check';
import type { Endpoint, Labels, NetworkSettings } from '#contracts/facts.js';
import { gatewaySteps, takeGateway } from './random-gateways.js';
import { type RelayStep, relaySteps, takeRelay } from './random-relays.js';
import { place } from './relay-facts.js';
import { type Joining, lanEndpoint, NetworkHistory, publicEndpoint, testId } from './network-history.js';

/** One thing that happens to a network. `who` picks among the nodes there are then; without any, nothing happens. */
export type Step =
  | { do: 'join'; joining: Joining }
  | { do: 'leave' | 'disable' | 'enable' | 'rotate' | 'step a rotation'; who: number }
  | { do: 'rename'; who: number; name: string }
  | { do: 'label'; who: number; labels: Record<string, string> }
  | { do: 'move'; who: number; site: string | null }
  | { do: 'offer'; who: number; endpoints: Endpoint[] }
  | { do: 'set'; changes: Partial<Pick<NetworkSettings, 'mtu' | 'keepalive' | 'defaultPolicy'>> }
  | { do: 'sign'; which: number }
  | { do: 'lock' | 'create key' | 'revoke key' | 'remove a stranger' | 'pass a day' };

const site = fc.constantFrom(null, 'berlin', 'oslo');
const endpoints = fc.array(
  fc.constantFrom(
    publicEndpoint('203.0.113.1'),
    publicEndpoint('203.0.113.2', 4500),
    publicEndpoint('2001:db8::1'),
    lanEndpoint('192.168.1.1'),
    lanEndpoint('fd00:1::1'),
    // Inside the mesh: nobody may ever call these.
    publicEndpoint('10.90.0.77'),
    lanEndpoint('fd90::77'),
  ),
  { maxLength: 3 },
);
const name = fc.constantFrom('ada', 'bob', 'cy', 'dot');
const who = fc.nat({ max: 7 });

const join = fc.record({
  do: fc.constant('join' as const),
  joining: fc.record({ name, site, endpoints, nodeId: fc.nat({ max: 0xffffff }).map(testId) }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: join },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('leave', 'disable', 'enable', 'rotate'), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('step a rotation'), who }) },
  fc.record({ do: fc.constant('rename' as const), who, name }),
  fc.record({ do: fc.constant('label' as const), who, labels: fc.constantFrom<Labels[]>({}, { role: 'db' }) }),
  fc.record({ do: fc.constant('move' as const), who, site }),
  fc.record({ do: fc.constant('offer' as const), who, endpoints }),
  fc.record({
    do: fc.constant('set' as const),
    changes: fc.constantFrom(
      { mtu: 1420 },
      { mtu: 1280 },
      { keepalive: 0 },
      { keepalive: 25 },
      { defaultPolicy: 'allow' as const },
      { defaultPolicy: 'deny' as const },
    ),
  }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sign' as const), which: fc.nat({ max: 15 }) }) },
  fc.record({ do: fc.constantFrom('lock', 'create key', 'revoke key', 'remove a stranger', 'pass a day') }),
);

const settings: fc.Arbitrary<Partial<NetworkSettings>> = fc.record({
  defaultPolicy: fc.constantFrom('allow', 'allow', 'allow', 'deny'),
  keepalive: fc.constantFrom(0, 25),
  cidr: fc.constantFrom('10.90.0.0/16', '10.90.0.0/16', null),
  cidr6: fc.constantFrom('fd90::/64', 'fd90::/64', null),
});

/** Random networks with at most `maxLength` things that happen to them; shrinks to few and simple ones. */
export function histories(maxLength: number): fc.Arbitrary<NetworkHistory> {
  return fc.record({ settings, steps: fc.array(step, { maxLength, size: 'max' }) }).map((random) => {
    const history = new NetworkHistory(random.settings);
    for (const step of random.steps) take(history, step);
    return history;
  });
}

/** The same with clusters and gateways, in a network that some nodes have joined. */
export function gatewayHistories(maxLength: number): fc.Arbitrary<NetworkHistory> {
  const joins = fc.array(join, { minLength: 3, maxLength: 6, size: 'max' });
  return fc.record({ settings, joins, steps: gatewaySteps(step, maxLength) }).map((random) => {
    const history = new NetworkHistory(random.settings);
    for (const join of random.joins) take(history, join);
    for (const one of random.steps)
      if ('step' in one) takeGateway(history, one.step);
      else take(history, one.other);
    return history;
  });
}

/** The same with relays and paths. */
export function relayHistories(maxLength: number): fc.Arbitrary<NetworkHistory> {
  const joins = fc.array(join, { minLength: 3, maxLength: 7, size: 'max' });
  return fc.record({ settings, joins, steps: relaySteps(step, maxLength) }).map((random) => {
    const history = new NetworkHistory(random.settings);
    for (const join of random.joins) take(history, join);
    for (const one of random.steps)
      if ('step' in one) takeRelay(history, one.step);
      else take(history, one.other);
    return history;
  });
}

/** All of it in one. */
export function wholeHistories(maxLength: number): fc.Arbitrary<NetworkHistory> {
  const joins = fc.array(join, { minLength: 3, maxLength: 7, size: 'max' });
  const one = fc.oneof(
    gatewaySteps(step, 1).map((gateways) => ({ gateways, relays: [] })),
    relaySteps(step, 2).map((relays) => ({ gateways: [], relays })),
  );
  return fc.record({ settings, joins, steps: fc.array(one, { maxLength, size: 'max' }) }).map((random) => {
    const history = new NetworkHistory(random.settings);
    for (const join of random.joins) take(history, join);
    for (const { gateways, relays } of random.steps) {
      for (const one of gateways)
        if ('step' in one) takeGateway(history, one.step);
        else take(history, one.other);
      for (const one of relays)
        if ('step' in one) takeRelay(history, one.step);
        else take(history, one.other);
    }
    return history;
  });
}

/** Clusters and gateways in a network whose nodes reach each other through relays, which come and go as well. */
export function relayedGatewayHistories(maxLength: number): fc.Arbitrary<NetworkHistory> {
  const joins = fc.array(join, { minLength: 3, maxLength: 6, size: 'max' });
  const others = relaySteps(step, 1).filter(({ length }) => length > 0);
  return fc.record({ settings, joins, first: firstRelays, steps: gatewaySteps(others, maxLength) }).map((random) => {
    const history = new NetworkHistory(random.settings);
    for (const join of random.joins) take(history, join);
    for (const one of random.first) takeRelay(history, one);
    for (const one of random.steps)
      if ('step' in one) takeGateway(history, one.step);
      else
        for (const other of one.other)
          if ('step' in other) takeRelay(history, other.step);
          else take(history, other.other);
    return history;
  });
}

/** One or two relays that everybody can call, and nodes behind them that nobody can. */
const firstRelays: fc.Arbitrary<RelayStep[]> = fc
  .record({ relays: fc.integer({ min: 1, max: 2 }), behind: fc.array(fc.nat({ max: 1 }), { maxLength: 4 }) })
  .map(({ relays, behind }) => [
    ...Array.from({ length: relays }, (_, who): RelayStep[] => [
      { do: 'reach', who, place: place('public', who + 1, { endpoints: [`198.51.100.${who + 1}:51820`] }) },
      { do: 'set', who },
    ]).flat(),
    ...behind.flatMap((relay, n): RelayStep[] => [
      { do: 'reach', who: relays + n, place: place('endpoint-dependent', n + 3) },
      { do: 'assign', who: relays + n, relay },
    ]),
  ]);

function take(history: NetworkHistory, step: Step): void {
  const present = [...history.state.nodes.keys()].sort();
  const nodeId = 'who' in step ? present[step.who % present.length] : undefined;
  switch (step.do) {
    case 'join':
      if (!present.includes(step.joining.nodeId ?? '')) history.join(step.joining);
      return;
    case 'set':
      return history.append({ type: 'NetworkChanged', data: { changes: step.changes } });
    case 'lock':
      return history.changeLock();
    case 'sign':
      return history.sign(step.which);
    case 'create key':
      return history.append({
        type: 'EnrolmentKeyCreated',
        data: {
          keyId: testId(1),
          secretHash: '',
          uses: 1,
          expiresAt: null,
          ephemeralTtl: null,
          labels: {},
          site: null,
        },
      });
    case 'revoke key':
      return history.append({ type: 'EnrolmentKeyRevoked', data: { keyId: testId(1) } });
    case 'remove a stranger':
      return history.append({ type: 'NodeRemoved', data: { nodeId: testId(0xabcdef01), reason: 'operator' } });
    case 'pass a day':
      return history.passDay();
  }
  if (nodeId) takeNode(history, step, nodeId);
}

function takeNode(history: NetworkHistory, step: Extract<Step, { who: number }>, nodeId: string): void {
  switch (step.do) {
    case 'leave':
      return history.append({ type: 'NodeRemoved', data: { nodeId, reason: 'left' } });
    case 'disable':
      return history.append({ type: 'NodeDisabled', data: { nodeId } });
    case 'enable':
      return history.append({ type: 'NodeEnabled', data: { nodeId } });
    case 'rotate':
      return history.rotateKey(nodeId);
    case 'step a rotation':
      return history.stepRotation(nodeId);
    case 'rename':
      return history.append({ type: 'NodeChanged', data: { nodeId, changes: { name: step.name } } });
    case 'label':
      return history.append({ type: 'NodeChanged', data: { nodeId, changes: { labels: step.labels } } });
    case 'move':
      return history.append({ type: 'NodeChanged', data: { nodeId, changes: { site: step.site } } });
    case 'offer':
      return history.append({ type: 'NodeChanged', data: { nodeId, changes: { endpoints: step.endpoints } } });
  }
}
