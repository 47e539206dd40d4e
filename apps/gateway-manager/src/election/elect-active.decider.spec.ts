import { describe, test } from '@jest/globals';
import type { NetworkFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import {
  activated,
  clientCreated,
  clientId,
  gatewayCreated,
  gatewayId,
} from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId, nodeRemoved } from '../../../../test/support/network-facts.js';
import { decideElectActive, type ElectActive } from './elect-active.decider.js';
import { newHealth, probed } from './member-health.js';

const good = probed(newHealth(0), { ok: true, detail: '' }, { at: 0, handshakeAge: null });
const elect = (health: ElectActive['health'] = new Map()): ElectActive => ({
  ...meta(),
  gatewayId: gatewayId(1),
  health,
  now: 100_000,
  returnAfterMs: 30_000,
  activatedAt: null,
});
const start = [
  networkCreated(),
  ...[1, 2, 3].map((n) => nodeEnrolled(n)),
  gatewayCreated(1, { members: [nodeId(1), nodeId(2)] }),
  activated(1, nodeId(1)),
];
const changed = (changes: object) =>
  ({ type: 'GatewayChanged', data: { gatewayId: gatewayId(1), changes } }) as NetworkFact;
const toSecond = (reason: 'drained' | 'host lost' | 'member removed'): NetworkFact => ({
  type: 'GatewayActivated',
  data: { gatewayId: gatewayId(1), active: nodeId(2), reason },
});
const disabled = (n: number): NetworkFact => ({ type: 'NodeDisabled', data: { nodeId: nodeId(n) } });

describe('electing', () => {
  test('nothing to do, no fact', () => {
    given(networkFold, start).when(decideElectActive, elect()).thenNothing();
  });

  test('a draining member hands over to one that is good', () => {
    const draining: NetworkFact = {
      type: 'GatewayDraining',
      data: { gatewayId: gatewayId(1), nodeId: nodeId(1), draining: true },
    };
    const health = new Map([1, 2].map((n) => [nodeId(n), { ...good, heardAt: 100_000 }]));
    given(networkFold, [...start, draining])
      .when(decideElectActive, elect(health))
      .thenFacts(toSecond('drained'))
      .thenNothingWhenRepeated();
  });

  test('a disabled member stays a member and does not serve', () => {
    given(networkFold, [...start, disabled(1)])
      .when(decideElectActive, elect())
      .thenFacts(toSecond('host lost'))
      .thenNothingWhenRepeated();
  });

  test('a removed member is none any more, in whose place the next serves', () => {
    given(networkFold, [...start, nodeRemoved(1)])
      .when(decideElectActive, elect())
      .thenFacts(toSecond('member removed'), changed({ members: [nodeId(2)] }))
      .thenNothingWhenRepeated();
  });

  test('a removed standby leaves the active one in place', () => {
    given(networkFold, [...start, nodeRemoved(2)])
      .when(decideElectActive, elect())
      .thenFacts(changed({ members: [nodeId(1)] }))
      .thenNothingWhenRepeated();
  });

  test('when all are gone nobody serves, and the gateway stays with what it is for', () => {
    given(networkFold, [...start, nodeRemoved(1), nodeRemoved(2)])
      .when(decideElectActive, elect())
      .thenFacts(
        { type: 'GatewayActivated', data: { gatewayId: gatewayId(1), active: null, reason: 'member removed' } },
        changed({ members: [] }),
      )
      .thenNothingWhenRepeated();
  });

  test('a removed node uses no internet gateway any more; its other users do', () => {
    const users = { nodes: [nodeId(2), nodeId(3)], clients: [clientId(1)] };
    const facts = [
      networkCreated(),
      ...[1, 2, 3].map((n) => nodeEnrolled(n)),
      gatewayCreated(2, { kind: 'ingress' }),
      clientCreated(1, { gatewayId: gatewayId(2) }),
      gatewayCreated(1, { kind: 'internet', users }),
      activated(1, nodeId(1)),
      nodeRemoved(2),
    ];
    given(networkFold, facts)
      .when(decideElectActive, elect())
      .thenFacts(changed({ users: { nodes: [nodeId(3)], clients: [clientId(1)] } }))
      .thenNothingWhenRepeated();
  });

  test('refused: a gateway that is not', () => {
    given(networkFold, [networkCreated()]).when(decideElectActive, elect()).thenRefused('not_found', 'no gateway');
  });
});
