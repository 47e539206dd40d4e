import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import { allocate } from '#ipam/pool.js';
import { networkFold } from '#topology/network-fold.js';
import {
  clientCreated,
  clientId,
  clientRecord,
  gatewayCreated,
  gatewayId,
} from '../../../../test/support/gateway-facts.js';
import { at, given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId, wireguardKey } from '../../../../test/support/network-facts.js';
import { decideCreateClient, decideRevokeClient, type CreateClient } from './client.decider.js';

const start = [networkCreated(), nodeEnrolled(1), gatewayCreated(1, { kind: 'ingress' }), gatewayCreated(2)];
const create = (overrides: Partial<CreateClient> = {}): CreateClient => ({
  ...meta(),
  ...clientRecord(1),
  allowed: undefined,
  ...overrides,
});

describe('creating a client', () => {
  test('it gets the lowest free addresses and may reach the network', () => {
    const { after, thenNothingWhenRepeated } = given(networkFold, start)
      .when(decideCreateClient, create())
      .thenFacts(clientCreated(1, { addresses: ['10.90.0.2', 'fd00:90::2'] }));
    expect(allocate(after.pool4!, at(0))).toBe('10.90.0.3');
    thenNothingWhenRepeated();
  });

  test('ranges it may reach, canonical and sorted', () => {
    given(networkFold, start)
      .when(decideCreateClient, create({ allowed: ['FD00::/8', '0.0.0.0/0'] }))
      .thenFacts(clientCreated(1, { addresses: ['10.90.0.2', 'fd00:90::2'], allowed: ['0.0.0.0/0', 'fd00::/8'] }));
  });

  const full = [networkCreated({ cidr: '10.90.0.0/30', cidr6: null }), nodeEnrolled(1), nodeEnrolled(2), start[2]!];
  test.each<[Partial<CreateClient>, NetworkFact[], RefusalCode, string]>([
    [{ name: 'my phone' }, start, 'invalid', 'name must be'],
    [{ publicKey: 'short' }, start, 'invalid', 'publicKey must be'],
    [{ allowed: [] }, start, 'invalid', 'allowed must be'],
    [{ allowed: ['10.0.0.1/8'] }, start, 'cidr_invalid', 'host bits set'],
    [{ gatewayId: gatewayId(9) }, start, 'not_found', 'no gateway'],
    [{ gatewayId: gatewayId(2) }, start, 'invalid', 'is of kind egress'],
    [{ name: 'node-1' }, start, 'name_taken', `by node ${nodeId(1)}`],
    [{ publicKey: wireguardKey(1) }, start, 'public_key_taken', 'in use by node "node-1"'],
    [{ name: 'client-2' }, [...start, clientCreated(2)], 'name_taken', `by client ${clientId(2)}`],
    [{ publicKey: wireguardKey(502) }, [...start, clientCreated(2)], 'public_key_taken', 'in use by client "client-2"'],
    [{ name: 'other' }, [...start, clientCreated(1)], 'id_taken', 'by client "client-1"'],
    [{}, full, 'range_exhausted', 'has no free address'],
  ])('refused: %j', (overrides, facts, code, detail) => {
    given(networkFold, facts).when(decideCreateClient, create(overrides)).thenRefused(code, detail);
  });
});

describe('revoking a client', () => {
  const revoke = { ...meta(), clientId: clientId(1) };
  const users = { nodes: [], clients: [clientId(1), clientId(2)] };

  test('frees its addresses after a day and takes it out of internet gateways', () => {
    const facts = [
      ...start,
      clientCreated(1, { addresses: ['10.90.0.2', 'fd00:90::2'] }),
      clientCreated(2),
      gatewayCreated(3, { kind: 'internet', users }),
    ];
    const { after } = given(networkFold, facts)
      .when(decideRevokeClient, revoke)
      .thenFacts(
        {
          type: 'GatewayChanged',
          data: { gatewayId: gatewayId(3), changes: { users: { nodes: [], clients: [clientId(2)] } } },
        },
        { type: 'ClientRevoked', data: { clientId: clientId(1) } },
      );
    expect([allocate(after.pool4!, at(86_399)), allocate(after.pool4!, at(86_400))]).toEqual([
      '10.90.0.3',
      '10.90.0.2',
    ]);
  });

  test('refused: one that is not', () => {
    given(networkFold, start).when(decideRevokeClient, revoke).thenRefused('not_found', 'no client');
  });
});
