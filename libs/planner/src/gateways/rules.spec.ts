import type { NetworkFact } from '#contracts/facts.js';
import type { Resource } from '#contracts/node-stream.js';
import {
  activated,
  assigned,
  clientCreated,
  clientId,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  gatewayId,
  linked,
  publicationId,
  servicePublished,
} from '../../../../test/support/gateway-facts.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { given } from '../../../../test/support/given.js';
import { overlaps, parsePrefix } from '#ipam/prefix.js';
import { networkFold } from '#topology/network-fold.js';
import { checkPlan } from '../check-plan.js';
import { planAll, planNode } from '../plan-node.js';

/** Four nodes, and what happens then. */
function mesh(...facts: NetworkFact[]) {
  const nodes = [1, 2, 3, 4].map((n) => nodeEnrolled(n, { addresses: [`10.90.0.${n}`] }));
  const { state } = given(networkFold, [networkCreated({ cidr6: null }), ...nodes, ...facts]);
  return {
    state,
    set: (n: number) => planNode(state, nodeId(n)),
    /** Node number → allowed IPs besides addresses, as `n` has them. */
    behind: (n: number) =>
      Object.fromEntries(
        [1, 2, 3, 4]
          .map((other): [number, string[]] => [other, allowed(planNode(state, nodeId(n)), nodeId(other))])
          .filter(([, ranges]) => ranges.length > 0),
      ),
  };
}

const allowed = (set: Resource[], id: string) =>
  set.flatMap((body) => ('allowedIps' in body && body.name === `peer/${id}` ? body.allowedIps : [])).filter(isRange);
const isRange = (prefix: string) => !prefix.endsWith('/32') && !prefix.endsWith('/128');
const names = (set: Resource[]) => set.map(({ name }) => name).filter((name) => !/^(peer|interface)/.test(name));

test('egress: the ranges lead to who serves; who is ready accepts and translates as well', () => {
  const { set, behind, state } = mesh(
    gatewayCreated(1, { members: [nodeId(1), nodeId(2)], ranges: ['192.168.1.0/24'] }),
    activated(1, nodeId(1)),
  );

  expect(behind(3)).toEqual({ 1: ['192.168.1.0/24'] });
  expect(names(set(3))).toContain('route/192.168.1.0/24');
  expect(behind(2)).toEqual({});
  for (const member of [1, 2]) {
    expect(set(member)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'interface', forward: true }),
        expect.objectContaining({ name: `nat/${gatewayId(1)}`, kind: 'masquerade', destinations: ['192.168.1.0/24'] }),
        expect.objectContaining({ name: `filter/${gatewayId(1)}`, verdict: 'accept', sources: ['10.90.0.0/16'] }),
        expect.objectContaining({ name: `probe/${gatewayId(1)}` }),
      ]),
    );
  }
  expect(checkPlan(state, planAll(state))).toEqual([]);
});

test('linked clusters: doors know each other, members their own door, doors their members', () => {
  const { set, behind, state } = mesh(
    clusterDeclared(1),
    clusterDeclared(2),
    { type: 'ClusterMemberSet', data: { clusterId: clusterId(1), nodeId: nodeId(1), pods: ['10.42.1.0/24'] } },
    { type: 'ClusterMemberSet', data: { clusterId: clusterId(1), nodeId: nodeId(3), pods: ['10.42.3.0/24'] } },
    gatewayCreated(1, { kind: 'cluster', clusterId: clusterId(1), masquerade: false, members: [nodeId(1)] }),
    gatewayCreated(2, { kind: 'cluster', clusterId: clusterId(2), masquerade: false, members: [nodeId(2)] }),
    activated(1, nodeId(1)),
    activated(2, nodeId(2)),
    assigned(1, '10.42.0.0/16', '100.64.0.0/16'),
    assigned(1, '10.43.0.0/16', '100.65.0.0/16'),
    assigned(2, '10.42.0.0/16', '100.66.0.0/16'),
    assigned(2, '10.43.0.0/16', '100.67.0.0/16'),
    linked(1, 1, 2),
  );

  expect(behind(1)).toEqual({ 2: ['100.66.0.0/16', '100.67.0.0/16'], 3: ['10.42.3.0/24'] });
  expect(behind(2)).toEqual({ 1: ['100.64.0.0/16', '100.65.0.0/16'] });
  expect(behind(3)).toEqual({ 1: ['100.66.0.0/16', '100.67.0.0/16'] });
  expect(behind(4)).toEqual({});
  expect(names(set(1))).toEqual(
    expect.arrayContaining([
      `nat/${clusterId(1)}/10.42.0.0/16`,
      `filter/${clusterId(1)}/${clusterId(2)}/in`,
      'route/100.66.0.0/16',
    ]),
  );
  // The way to a member's pods is the cluster's own.
  expect(names(set(1))).not.toContain('route/10.42.3.0/24');
  expect(checkPlan(state, planAll(state))).toEqual([]);
});

const member = (n: number, cluster: number, pods: string[]): NetworkFact => ({
  type: 'ClusterMemberSet',
  data: { clusterId: clusterId(cluster), nodeId: nodeId(n), pods },
});
const door = (cluster: number, ...members: number[]) =>
  gatewayCreated(cluster, { kind: 'cluster', clusterId: clusterId(cluster), members: members.map(nodeId) });

test('a published service is nowhere while nobody serves, and at an address of a node only there', () => {
  const published = (address: string, active: string | null, ...more: NetworkFact[]) => {
    const at = { mesh: { address, port: 443 } };
    const facts = [clusterDeclared(1), door(1, 1, 2), activated(1, active), servicePublished(1, at)];
    const { set } = mesh(...facts, ...more);
    return [1, 2].filter((n) => set(n).some(({ name }) => name === `nat/${publicationId(1)}`));
  };
  const disabled: NetworkFact = { type: 'NodeDisabled', data: { nodeId: nodeId(1) } };

  expect(published('10.90.7.7', nodeId(1))).toEqual([1, 2]);
  expect(published('10.90.7.7', null)).toEqual([]);
  expect(published('10.90.7.7', nodeId(1), disabled)).toEqual([]);
  expect(published('10.90.0.1', nodeId(2))).toEqual([1]);
  expect(published('10.90.0.1', nodeId(2), disabled)).toEqual([]);
});

test('flat pods go to a linked cluster by its virtual ranges only, whatever wider range leads there', () => {
  const { set } = mesh(
    clusterDeclared(1, { pods: ['10.44.0.0/16'], model: 'flat' }),
    clusterDeclared(2),
    member(1, 1, ['10.44.1.0/24']),
    door(1, 4),
    door(2, 2),
    activated(1, nodeId(4)),
    activated(2, nodeId(2)),
    assigned(2, '10.42.0.0/16', '100.64.0.0/16'),
    assigned(2, '10.43.0.0/16', '100.65.0.0/16'),
    linked(1, 1, 2),
    gatewayCreated(3, { ranges: ['10.42.0.0/15'], members: [nodeId(3)] }),
    activated(3, nodeId(3)),
  );

  const out = set(1).filter(({ name }) => name === `filter/${clusterId(1)}/out`);
  expect(out).toEqual([expect.objectContaining({ destinations: ['10.44.0.0/16', '10.90.0.0/16'] })]);
  expect(names(set(1))).toContain(`filter/${clusterId(1)}/${clusterId(2)}/out`);
});

test('an internet gateway in a door lets nobody come to what is behind it, by real addresses or virtual ones', () => {
  const { set } = mesh(
    clusterDeclared(1),
    clusterDeclared(2),
    door(1, 1),
    door(2, 2),
    activated(1, nodeId(1)),
    activated(2, nodeId(2)),
    assigned(1, '10.42.0.0/16', '100.64.0.0/16'),
    assigned(1, '10.43.0.0/16', '100.65.0.0/16'),
    linked(1, 1, 2),
    gatewayCreated(3, { kind: 'internet', members: [nodeId(1)], users: { nodes: [nodeId(3)], clients: [] } }),
    activated(3, nodeId(1)),
    gatewayCreated(4, { ranges: ['192.168.0.0/16'], members: [nodeId(1)] }),
  );
  const [out] = set(1).filter(({ name }) => name === `filter/${gatewayId(3)}`);
  const destinations = out && 'destinations' in out ? out.destinations.map(parsePrefix) : [];
  const opened = (text: string) => destinations.some((range) => overlaps(range, parsePrefix(text)));

  for (const range of ['10.42.0.0/16', '10.43.0.0/16', '100.64.0.0/16', '100.65.0.0/16', '192.168.0.0/16'])
    expect([range, opened(range)]).toEqual([range, false]);
  expect(opened('203.0.113.0/24')).toBe(true);
  expect(opened('100.68.0.0/16')).toBe(true);
});

test('a client’s permission holds at every member of its gateway, also to what only one of them has behind it', () => {
  const { set } = mesh(
    clusterDeclared(1),
    door(1, 2),
    activated(1, nodeId(2)),
    gatewayCreated(2, { kind: 'ingress', members: [nodeId(1), nodeId(2)] }),
    activated(2, nodeId(1)),
    gatewayCreated(3, { kind: 'internet', members: [nodeId(2)], users: { nodes: [nodeId(1)], clients: [] } }),
    activated(3, nodeId(2)),
    clientCreated(1, { gatewayId: gatewayId(2), addresses: ['10.90.5.1'], allowed: ['10.42.1.0/24'] }),
  );
  const accepted = (n: number) => set(n).filter(({ name }) => name === `filter/${clientId(1)}`);

  // Node 1 sends what it has no better way for to node 2.
  for (const member of [1, 2])
    expect(accepted(member)).toEqual([
      expect.objectContaining({ verdict: 'accept', sources: ['10.90.5.1/32'], destinations: ['10.42.1.0/24'] }),
    ]);
  expect(accepted(3)).toEqual([]);
});
