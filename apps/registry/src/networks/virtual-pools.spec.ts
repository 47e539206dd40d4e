import { expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import { networkFold } from '#topology/network-fold.js';
import { systemFold } from '#topology/system-fold.js';
import { assigned, clusterDeclared, gatewayCreated } from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { NETWORK_ID, networkCreated } from '../../../../test/support/network-facts.js';
import { decideCreateNetwork } from './create-network.decider.js';
import type { PoolWishes } from './network-settings.js';
import { decideChangeNetwork } from './network.decider.js';

const create = (wishes: PoolWishes) =>
  decideCreateNetwork(
    { ...meta(), networkId: NETWORK_ID, name: 'prod', randomBytes: new Uint8Array(5), ...wishes },
    systemFold.initialState,
  );
const change = (wishes: PoolWishes) => ({ ...meta(), ...wishes });
const facts = [
  networkCreated(),
  clusterDeclared(1),
  assigned(1, '10.42.0.0/16', '100.64.0.0/16'),
  gatewayCreated(1, { ranges: ['172.16.0.0/12'] }),
];

test('a network is created with its pools', () => {
  expect(create({ virtualPool: '172.16.0.0/12', virtualPool6: 'none' }).also?.[0]?.facts[0]?.data).toMatchObject({
    virtualPool: '172.16.0.0/12',
    virtualPool6: null,
  });
});

test('a pool may change, and hold what was assigned from it', () => {
  given(networkFold, facts)
    .when(decideChangeNetwork, change({ virtualPool: '100.64.0.0/11', virtualPool6: 'FD01::/48' }))
    .thenFacts({
      type: 'NetworkChanged',
      data: { changes: { virtualPool: '100.64.0.0/11', virtualPool6: 'fd01::/48' } },
    })
    .thenNothingWhenRepeated();
});

test.each<[PoolWishes, RefusalCode, string]>([
  [{ virtualPool: '10.90.0.0/12' }, 'cidr_invalid', 'host bits set'],
  [{ virtualPool: 'fd00::/48' }, 'cidr_invalid', 'is no IPv4 pool'],
  [{ virtualPool6: '::/0' }, 'cidr_invalid', 'is no IPv6 pool'],
  [{ virtualPool: '10.88.0.0/13' }, 'cidr_overlap', 'of the virtual pool overlaps 10.90.0.0/16 of network "prod"'],
  [{ virtualPool: '10.42.0.0/15' }, 'cidr_overlap', 'of cluster "cluster-1" (pods)'],
  [{ virtualPool: '172.20.0.0/16' }, 'cidr_overlap', 'of gateway "gateway-1"'],
])('refused: %j', (wishes, code, detail) => {
  given(networkFold, facts).when(decideChangeNetwork, change(wishes)).thenRefused(code, detail);
});

test('refused: a new network whose pool is its own range', () => {
  expect(() => create({ virtualPool: '10.90.0.0/16' })).toThrow('of the virtual pool overlaps 10.90.0.0/16');
});
