import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import { allocate, isFree } from '#ipam/pool.js';
import { networkFold } from '#topology/network-fold.js';
import {
  clientCreated,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  publicationId,
  publicationRecord,
  servicePublished,
} from '../../../../test/support/gateway-facts.js';
import { at, given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { decidePublishService, decideWithdrawService, type PublishService } from './publication.decider.js';

const island = clusterDeclared(1, { model: 'island' });
const start = [networkCreated(), nodeEnrolled(1), nodeEnrolled(2), island, clusterDeclared(2, { model: 'island' })];
const door = gatewayCreated(1, { kind: 'cluster', clusterId: clusterId(1) });
const publish = (overrides: Partial<PublishService> = {}): PublishService => ({
  ...meta(),
  ...publicationRecord(1),
  ...overrides,
});
const withMesh = (address: string | undefined, port = 443) =>
  publish({ mesh: { address, port } as PublishService['mesh'] });
const elsewhere = servicePublished(2, { clusterId: clusterId(2) });

describe('publishing a service', () => {
  test.each<[string, NetworkFact[], string | undefined, string]>([
    ['at an address of its own', [], '10.90.7.7', '10.90.7.7'],
    ['at the lowest free one', [], undefined, '10.90.0.3'],
    [
      'at the one the cluster has',
      [servicePublished(2, { mesh: { address: '10.90.9.9', port: 80 } })],
      undefined,
      '10.90.9.9',
    ],
    ['at that of its door', [door], '10.90.0.1', '10.90.0.1'],
  ])('%s', (_what, facts, wished, expected) => {
    const { after, thenNothingWhenRepeated } = given(networkFold, [...start, ...facts])
      .when(decidePublishService, withMesh(wished))
      .thenFacts(servicePublished(1, { mesh: { address: expected, port: 443 } }));
    expect(isFree(after.pool4!, expected, at(0))).toBe(false);
    thenNothingWhenRepeated();
  });

  test.each<[PublishService, NetworkFact[], RefusalCode, string]>([
    [publish({ clusterId: clusterId(9) }), [], 'not_found', 'no cluster'],
    [publish({ protocol: 'icmp' as never }), [], 'invalid', 'protocol must be'],
    [publish({ service: { address: '10.43.0.10', port: 0 } }), [], 'invalid', 'service.port must be'],
    [withMesh('10.90.7.7', 65536), [], 'invalid', 'mesh.port must be'],
    [publish({ service: { address: '10.44.0.10', port: 1 } }), [], 'invalid', 'in no range of cluster "cluster-1"'],
    [withMesh('10.91.0.1'), [], 'invalid', 'is no IPv4 mesh address'],
    [withMesh('fd00:90::9'), [], 'invalid', 'is no IPv4 mesh address'],
    [
      withMesh('10.90.7.7'),
      [servicePublished(2)],
      'address_port_taken',
      `tcp port 443 of 10.90.7.7 is taken by publication ${publicationId(2)}`,
    ],
    [withMesh('10.90.7.7', 80), [elsewhere], 'address_port_taken', 'belongs to another cluster'],
    [withMesh('10.90.0.2'), [door], 'address_port_taken', '10.90.0.2 belongs to node "node-2"'],
    [withMesh('10.90.5.1'), [clientCreated(1)], 'address_port_taken', 'belongs to client "client-1"'],
    [
      publish({ service: { address: '10.43.0.11', port: 1 } }),
      [servicePublished(1)],
      'id_taken',
      'another publication',
    ],
    [publish({ clusterId: clusterId(3) }), [clusterDeclared(3, { model: 'isolated' })], 'model_forbids', 'is isolated'],
    [publish({ clusterId: clusterId(3) }), [clusterDeclared(3, { model: 'flat' })], 'model_forbids', 'is flat'],
  ])('refused: %j', (command, facts, code, detail) => {
    given(networkFold, [...start, ...facts])
      .when(decidePublishService, command)
      .thenRefused(code, detail);
  });
});

describe('withdrawing', () => {
  const withdraw = (n: number) => ({ ...meta(), publicationId: publicationId(n) });
  const withdrawn: NetworkFact = { type: 'ServiceWithdrawn', data: { publicationId: publicationId(1) } };

  test('the last publication frees the address after a day', () => {
    const other = servicePublished(2, { mesh: { address: '10.90.7.7', port: 80 } });
    const kept = given(networkFold, [...start, servicePublished(1), other]).when(decideWithdrawService, withdraw(1));
    expect(isFree(kept.thenFacts(withdrawn).after.pool4!, '10.90.7.7', at(86_400))).toBe(false);
    const alone = given(networkFold, [...start, servicePublished(1)]).when(decideWithdrawService, withdraw(1));
    const { pool4 } = alone.thenFacts(withdrawn).after;
    expect([isFree(pool4!, '10.90.7.7', at(86_399)), isFree(pool4!, '10.90.7.7', at(86_400))]).toEqual([false, true]);
  });

  test('an address that its node lent stays the node’s; one that outlives its node is given to nobody', () => {
    const lent = servicePublished(1, { mesh: { address: '10.90.0.1', port: 443 } });
    const removed: NetworkFact = { type: 'NodeRemoved', data: { nodeId: nodeId(1), reason: 'operator' } };
    expect(isFree(given(networkFold, [...start, lent, withdrawn]).state.pool4!, '10.90.0.1', at(86_400))).toBe(false);
    expect(allocate(given(networkFold, [...start, lent, removed]).state.pool4!, at(86_400))).toBe('10.90.0.3');
    expect(allocate(given(networkFold, [...start, lent, removed, withdrawn]).state.pool4!, at(86_400))).toBe(
      '10.90.0.1',
    );
  });

  test('refused: one that is not', () => {
    given(networkFold, start).when(decideWithdrawService, withdraw(1)).thenRefused('not_found', 'no publication');
  });
});
