import { describe, expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { systemFold } from '#topology/system-fold.js';
import { given, meta } from '../../../../test/support/given.js';
import { NETWORK_ID, networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { decideChangeNetwork, decideDeleteNetwork, type ChangeNetwork, type DeleteNetwork } from './network.decider.js';

const system = given(systemFold, [
  { type: 'NetworkListed', data: { networkId: NETWORK_ID, name: 'prod', cidr: '10.90.0.0/16', cidr6: null } },
]).state;

const change = (overrides: Partial<ChangeNetwork>): ChangeNetwork => ({ ...meta(), ...overrides });
const remove = (overrides: Partial<DeleteNetwork> = {}): DeleteNetwork => ({
  ...meta(),
  networkId: NETWORK_ID,
  ...overrides,
});
const decideDelete = (command: DeleteNetwork, network: NetworkState) =>
  decideDeleteNetwork(command, { network, system });

const deleted: AnyFact = { type: 'NetworkDeleted', data: { networkId: NETWORK_ID, name: 'prod' } };
const removed = (n: number): AnyFact => ({ type: 'NodeRemoved', data: { nodeId: nodeId(n), reason: 'operator' } });

describe('changing', () => {
  test('only what differs becomes a fact', () => {
    const { answer, thenNothingWhenRepeated } = given(networkFold, [networkCreated()])
      .when(decideChangeNetwork, change({ mtu: 1380, keepalive: 25, defaultPolicy: 'deny' }))
      .thenFacts({ type: 'NetworkChanged', data: { changes: { mtu: 1380, defaultPolicy: 'deny' } } });
    expect(answer).toMatchObject({ mtu: 1380, keepalive: 25, defaultPolicy: 'deny', version: 2 });
    thenNothingWhenRepeated();
  });

  test('nothing becomes no fact', () => {
    given(networkFold, [networkCreated()]).when(decideChangeNetwork, change({})).thenNothing();
  });

  test.each<[Partial<ChangeNetwork>, string]>([
    [{ mtu: 1279 }, 'mtu must be'],
    [{ keepalive: 70000 }, 'keepalive must be'],
    [{ defaultPolicy: 'x' as 'deny' }, 'defaultPolicy must be'],
  ])('refused: %j', (overrides, detail) => {
    given(networkFold, [networkCreated()]).when(decideChangeNetwork, change(overrides)).thenRefused('invalid', detail);
  });

  test('a lost update is refused', () => {
    given(networkFold, [networkCreated(), { type: 'NetworkChanged', data: { changes: { mtu: 1300 } } }])
      .when(decideChangeNetwork, change({ mtu: 1380, expectedVersion: 1 }))
      .thenRefused('version_mismatch', 'it is at version 2 now, not at 1');
  });

  test('no such network', () => {
    given(networkFold)
      .when(decideChangeNetwork, change({ mtu: 1380 }))
      .thenRefused('not_found');
    given(networkFold, [networkCreated(), deleted])
      .when(decideChangeNetwork, change({ mtu: 1380 }))
      .thenRefused('not_found');
  });
});

describe('deleting', () => {
  test('an empty network goes, from the list as well', () => {
    const { thenNothingWhenRepeated } = given(networkFold, [networkCreated()])
      .when(decideDelete, remove())
      .thenFacts(deleted);
    thenNothingWhenRepeated();
    const { also } = decideDelete(remove(), given(networkFold, [networkCreated()]).state);
    expect(also).toMatchObject([
      {
        stream: 'system',
        expectedVersion: 1,
        facts: [{ type: 'NetworkDelisted', data: { networkId: NETWORK_ID }, metadata: { commandId: 'command-1' } }],
      },
    ]);
  });

  test('nodes keep it', () => {
    given(networkFold, [networkCreated(), nodeEnrolled(1)])
      .when(decideDelete, remove())
      .thenRefused('network_not_empty', 'network "prod" still has node "node-1"');
    given(networkFold, [networkCreated(), nodeEnrolled(2), nodeEnrolled(1)])
      .when(decideDelete, remove())
      .thenRefused('network_not_empty', 'still has 2 nodes, "node-1" among them; remove them first, or force');
  });

  test('by force, its nodes go first', () => {
    given(networkFold, [networkCreated(), nodeEnrolled(2), nodeEnrolled(1)])
      .when(decideDelete, remove({ force: true }))
      .thenFacts(removed(1), removed(2), deleted);
  });

  test('a lost update is refused, and so is what never was', () => {
    given(networkFold, [networkCreated()])
      .when(decideDelete, remove({ expectedVersion: 7 }))
      .thenRefused('version_mismatch');
    given(networkFold).when(decideDelete, remove()).thenRefused('not_found');
  });
});
