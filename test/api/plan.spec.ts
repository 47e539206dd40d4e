import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: null } });
  for (const name of ['gw-1', 'gw-2', 'web-1']) await api.enrol('prod', name);
});
afterEach(() => api.close());

const plan = (...commands: object[]) => api.prod('POST', 'plan', { commands });
const types = (facts: { type: string }[]) => facts.map(({ type }) => type);
const head = async () => (await api.prod('GET', 'topology')).body.version as number;
const PUBLIC_KEY = 'HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=';

test('commands of both services are tried one on top of the other, and nothing is done', async () => {
  const before = await head();
  const ranges = { pods: ['10.42.0.0/16'], services: ['10.43.0.0/16'], model: 'archipelago' };
  const { status, body } = await plan(
    { command: 'cluster.create', name: 'berlin', ...ranges, members: [{ node: 'gw-1' }] },
    { command: 'cluster.create', name: 'paris', ...ranges },
    { command: 'cluster.member.set', cluster: 'paris', node: 'gw-2' },
    { command: 'gateway.create', name: 'berlin-door', kind: 'cluster', cluster: 'berlin', nodes: ['gw-1'] },
    { command: 'gateway.create', name: 'paris-door', kind: 'cluster', cluster: 'paris', nodes: ['gw-2'] },
    { command: 'link.create', a: 'berlin', b: 'paris' },
    {
      command: 'publication.create',
      cluster: 'berlin',
      service: { address: '10.43.0.1', port: 80 },
      mesh: { port: 80 },
    },
    { command: 'gateway.create', name: 'office', kind: 'egress', nodes: ['gw-1', 'gw-2'], ranges: ['10.20.0.0/16'] },
    { command: 'gateway.set', gateway: 'office', nodes: ['gw-2'] },
    { command: 'gateway.create', name: 'door', kind: 'ingress', nodes: ['gw-1'] },
    { command: 'client.create', name: 'phone', publicKey: PUBLIC_KEY, gateway: 'door' },
    { command: 'client.delete', client: 'phone' },
    { command: 'gateway.delete', gateway: 'door' },
    { command: 'cluster.set', cluster: 'paris', name: 'lyon' },
  );
  expect(status).toBe(200);
  const activated = ['GatewayCreated', 'GatewayActivated'];
  expect(types(body.facts)).toEqual([
    ...['ClusterDeclared', 'ClusterMemberSet', 'ClusterDeclared', 'ClusterMemberSet', ...activated, ...activated],
    ...Array.from({ length: 4 }, () => 'VirtualRangeAssigned'),
    ...['ClustersLinked', 'ServicePublished', ...activated, 'GatewayChanged', 'GatewayActivated', ...activated],
    ...['ClientCreated', 'ClientRevoked', 'GatewayRemoved', 'ClusterChanged'],
  ]);
  expect(body.facts.map(({ version }: { version: number }) => version)).toEqual(
    body.facts.map((_: unknown, index: number) => before + 1 + index),
  );
  const web = body.nodes.find(({ name }: { name: string }) => name === 'web-1');
  expect(web).toMatchObject({
    change: 'changed',
    upserts: expect.arrayContaining(['peer/gw-2', 'route/10.20.0.0/16']),
  });
  expect(JSON.stringify(body.nodes)).not.toMatch(/"[a-z]+\/[0-9a-f]{8}-[0-9a-f]{4}-7[^"]*10\.4/);
  expect([await head(), (await api.prod('GET', 'gateways')).body.items]).toEqual([before, []]);
});

test('what is there is changed and removed too', async () => {
  await api.prod('POST', 'gateways', {
    name: 'office',
    kind: 'egress',
    nodes: ['gw-1', 'gw-2'],
    ranges: ['10.20.0.0/16'],
  });
  const { body: cluster } = await api.prod('POST', 'clusters', {
    name: 'berlin',
    model: 'island',
    pods: ['10.42.0.0/16'],
  });
  await api.prod('POST', 'clusters', { name: 'rome', model: 'archipelago', pods: ['10.52.0.0/16'] });
  await api.prod('POST', 'clusters', { name: 'oslo', model: 'archipelago', pods: ['10.53.0.0/16'] });
  const { body: link } = await api.prod('POST', 'cluster-links', { a: 'rome', b: 'oslo' });
  const service = { address: '10.42.0.1', port: 80 };
  const { body: publication } = await api.prod('POST', 'publications', {
    cluster: 'berlin',
    service,
    mesh: { port: 80 },
  });
  await api.prod('PUT', 'clusters/berlin/members/web-1', {});
  const { body } = await plan(
    { command: 'gateway.drain', gateway: 'office', node: 'gw-1' },
    { command: 'gateway.delete', gateway: 'office', force: true },
    { command: 'link.delete', link: link.linkId },
    { command: 'publication.delete', publication: publication.publicationId },
    { command: 'cluster.member.unset', cluster: cluster.clusterId, node: 'web-1' },
    { command: 'cluster.delete', cluster: 'berlin' },
  );
  expect(types(body.facts)).toEqual([
    'GatewayDraining',
    'GatewayRemoved',
    'ClustersUnlinked',
    'ServiceWithdrawn',
    'ClusterMemberUnset',
    'ClusterRemoved',
  ]);
});

test.each([
  [
    { command: 'gateway.create', name: 'b', kind: 'egress', nodes: ['gw-9'], ranges: [] },
    '409 gateway_member_unknown',
    'commands[1].nodes[0]',
  ],
  [
    { command: 'gateway.create', name: 'b', kind: 'egress', nodes: ['gw-1'], ranges: [] },
    '422 invalid',
    'commands[1].ranges',
  ],
  [{ command: 'gateway.create', name: 'b', kind: 'cluster', nodes: ['gw-1'] }, '422 invalid', 'commands[1].cluster'],
  [{ command: 'gateway.set', gateway: 'b' }, '404 not_found', undefined],
  [{ command: 'link.create', a: 'berlin', b: 'berlin' }, '409 link_self', undefined],
  [{ command: 'cluster.create', name: 'x', pods: ['10.0.0.1/8'] }, '422 cidr_invalid', 'commands[1].pods[0]'],
  [{ command: 'cluster.create', name: 'x', pods: ['10.0.0.0/8'], extra: 1 }, '422 invalid', 'commands[1].extra'],
  [{ command: 'client.create', name: 'x' }, '422 invalid', 'commands[1].publicKey'],
])('a command that would be refused names itself: %j', async (command, expected, field) => {
  const commands = [{ command: 'cluster.create', name: 'berlin', pods: ['10.42.0.0/16'] }, command];
  const answer = await api.refused('plan', { commands });
  expect(`${answer.status} ${answer.code}`).toBe(expected);
  if (field) expect(answer.fields).toContain(field);
  expect(answer.detail).toContain('commands[1]');
});

test('without the gateway-manager only its own commands cannot be tried', async () => {
  api.gatewayManager(false);
  const cluster = { command: 'cluster.create', name: 'berlin', pods: ['10.42.0.0/16'] };
  expect((await plan(cluster)).status).toBe(200);
  expect((await plan(cluster, { command: 'link.create', a: 'berlin', b: 'berlin' })).status).toBe(503);
});
