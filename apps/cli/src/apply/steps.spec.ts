import type { Current } from './current.js';
import { readDesired } from './desired.js';
import { stepsTo } from './steps.js';

const network: Current['network'] = {
  networkId: 'N',
  name: 'office',
  cidr: '10.90.0.0/16',
  cidr6: null,
  model: 'archipelago',
  mtu: 1420,
  keepalive: 25,
  defaultPolicy: 'allow',
  virtualPool: '100.64.0.0/10',
  virtualPool6: null,
  createdAt: '',
  version: 1,
};
const node = (name: string, changes: Partial<Current['nodes'][number]> = {}): Current['nodes'][number] => ({
  nodeId: `id-${name}`,
  name,
  publicKey: '',
  addresses: [],
  endpoints: [],
  labels: {},
  site: null,
  enabled: true,
  ephemeralTtl: null,
  enrolledAt: '',
  version: 1,
  ...changes,
});
const cluster = (name: string, members: string[] = []): Current['clusters'][number] => ({
  clusterId: `id-${name}`,
  name,
  pods: ['10.42.0.0/16'],
  services: ['10.43.0.0/16'],
  model: 'archipelago',
  members: members.map((member) => ({ nodeId: `id-${member}`, name: member, pods: [] })),
  crossing: [],
  linkedWith: [],
  createdAt: '',
  version: 1,
});
const reference = (name: string) => ({ nodeId: `id-${name}`, clusterId: `id-${name}`, name });
const gateway = (name: string, changes: Partial<Current['gateways'][number]> = {}): Current['gateways'][number] => ({
  gatewayId: `id-${name}`,
  name,
  kind: 'egress',
  nodes: [reference('a'), reference('b')],
  active: reference('a'),
  draining: [],
  ranges: ['192.168.7.0/24'],
  masquerade: true,
  probe: null,
  cluster: null,
  users: { nodes: [], clients: [] },
  createdAt: '',
  version: 1,
  ...changes,
});
const current: Current = {
  network,
  nodes: [node('a', { labels: { role: 'db' } }), node('b')],
  clusters: [cluster('east', ['a']), cluster('west')],
  links: [{ linkId: 'L', a: reference('east'), b: reference('west'), ranges: { a: [], b: [] }, version: 1 }],
  gateways: [gateway('db')],
  publications: [
    {
      publicationId: 'P',
      cluster: reference('east'),
      protocol: 'tcp',
      service: { address: '10.43.0.10', port: 443 },
      mesh: { address: '10.90.0.9', port: 443 },
      version: 1,
    },
  ],
};
const nothing: Current = { network, nodes: [], clusters: [], links: [], gateways: [], publications: [] };

const steps = (content: string, { from = current, prune = false } = {}) =>
  stepsTo(readDesired(content), from, prune).map(({ does, what, details, request }) => ({
    step: [`${does} ${what}`, ...details].join(', '),
    request: `${request.method} ${request.path}`,
    body: request.body,
  }));

const same = `
network: { name: office, cidr: 10.90.0.0/16, mtu: 1420, virtualPool6: null }
nodes: { a: { labels: { role: db }, site: null, enabled: true } }
clusters:
  east: { pods: [10.42.0.0/16], services: [10.43.0.0/16], members: { a: } }
  west: { model: archipelago }
links: [[west, east]]
gateways: { db: { kind: egress, nodes: [a, id-b], ranges: [192.168.7.0/24], probe: null, users: { nodes: [] } } }
publications: [{ cluster: east, service: "10.43.0.10:443", as: "10.90.0.9:443" }]
`;

test('a network that is what its file says needs nothing, pruned or not', () => {
  expect(steps(same)).toEqual([]);
  expect(steps(same, { prune: true })).toEqual([]);
  expect(steps('network: office')).toEqual([]);
  expect(steps('network: office', { prune: true })).toEqual([]);
});

test.each<[string, string, string, unknown]>([
  [
    'network: {name: office, mtu: 1400, keepalive: 25}',
    'change network office, mtu: 1420 → 1400',
    'PATCH /networks/office',
    { mtu: 1400 },
  ],
  [
    '{network: office, nodes: {a: {labels: {}}}}',
    'change node a, labels: role=db → none',
    'PATCH /networks/office/nodes/id-a',
    { labels: {} },
  ],
  [
    '{network: office, nodes: {b: {enabled: false}}}',
    'change node b, enabled: true → false',
    'POST /networks/office/nodes/id-b/disable',
    undefined,
  ],
  [
    '{network: office, clusters: {west: {pods: [10.42.0.0/16], model: flat}}}',
    'change cluster west, model: archipelago → flat',
    'PATCH /networks/office/clusters/id-west',
    { model: 'flat' },
  ],
  [
    '{network: office, clusters: {west: {members: {b: [10.42.1.0/24]}}}}',
    'create member b of cluster west, pods: 10.42.1.0/24',
    'PUT /networks/office/clusters/id-west/members/b',
    { pods: ['10.42.1.0/24'] },
  ],
  [
    '{network: office, clusters: {east: {members: {a: [10.42.1.0/24]}}}}',
    'change member a of cluster east, pods: none → 10.42.1.0/24',
    'PUT /networks/office/clusters/id-east/members/a',
    { pods: ['10.42.1.0/24'] },
  ],
  [
    '{network: office, gateways: {db: {kind: egress, nodes: [b, a]}}}',
    'change gateway db, nodes: a b → b a',
    'PATCH /networks/office/gateways/id-db',
    { nodes: ['b', 'a'] },
  ],
  [
    '{network: office, gateways: {db: {kind: egress, nodes: [a, b], masquerade: false}}}',
    'change gateway db, masquerade: true → false',
    'PATCH /networks/office/gateways/id-db',
    { masquerade: false },
  ],
  [
    '{network: office, links: [{clusters: [west, south], onOverlap: refuse}]}',
    'create link of west and south, on overlap: refuse',
    'POST /networks/office/cluster-links',
    { a: 'west', b: 'south', onOverlap: 'refuse' },
  ],
  [
    '{network: office, publications: [{cluster: east, service: "10.43.0.11:443", as: ":443"}]}',
    'create publication of tcp 10.43.0.11:443 of east, as: :443',
    'POST /networks/office/publications',
    { cluster: 'east', protocol: 'tcp', service: { address: '10.43.0.11', port: 443 }, mesh: { port: 443 } },
  ],
])('%s: only what differs', (content, step, request, body) => {
  expect(steps(content)).toEqual([{ step, request, body }]);
});

test('what comes, comes after what it needs', () => {
  expect(
    steps(same.replace('nodes: { a: { labels: { role: db }, site: null, enabled: true } }', ''), {
      from: { ...nothing, network: null },
    }).map(({ step }) => step),
  ).toEqual([
    'create network office, cidr: 10.90.0.0/16, mtu: 1420, virtualPool6: none',
    'create cluster east, pods: 10.42.0.0/16, services: 10.43.0.0/16, members: a',
    'create cluster west, model: archipelago',
    'create gateway db, kind: egress, nodes: a id-b, ranges: 192.168.7.0/24',
    'create link of west and east',
    'create publication of tcp 10.43.0.10:443 of east, as: 10.90.0.9:443',
  ]);
});

test('a range goes from one gateway before it comes to another', () => {
  const moved = `{network: office, gateways: {
    better: {kind: egress, nodes: [b], ranges: [192.168.7.0/24]},
    db: {kind: egress, nodes: [a, b], ranges: [192.168.8.0/24]}}}`;
  expect(steps(moved).map(({ request }) => request)).toEqual([
    'PATCH /networks/office/gateways/id-db',
    'POST /networks/office/gateways',
  ]);
});

test('only pruning deletes, only in sections that the file has, and users before what they use', () => {
  const empty = '{network: office, clusters: {}, links: [], gateways: {}, publications: []}';
  expect(steps(empty)).toEqual([]);
  expect(steps(empty, { prune: true }).map(({ step, request }) => `${step}: ${request}`)).toEqual([
    'delete publication of tcp 10.43.0.10:443 of east: DELETE /networks/office/publications/P',
    'delete link of east and west: DELETE /networks/office/cluster-links/L',
    'delete gateway db: DELETE /networks/office/gateways/id-db',
    'delete cluster east: DELETE /networks/office/clusters/id-east',
    'delete cluster west: DELETE /networks/office/clusters/id-west',
  ]);
  const memberless = '{network: office, clusters: {east: {members: {}}, west: {}}}';
  expect(steps(memberless, { prune: true }).map(({ step }) => step)).toEqual(['delete member a of cluster east']);
});

test('another service at a published address takes its place', () => {
  const other = '{network: office, publications: [{cluster: east, service: "10.43.0.11:443", as: "10.90.0.9:443"}]}';
  expect(steps(other).map(({ step }) => step)).toEqual([
    'delete publication of tcp 10.43.0.10:443 of east',
    'create publication of tcp 10.43.0.11:443 of east, as: 10.90.0.9:443',
  ]);
});

test.each([
  ['{network: {name: office, cidr: 10.91.0.0/16}}', 'cidr: 10.90.0.0/16 → 10.91.0.0/16 cannot be changed'],
  ['{network: office, nodes: {zoe: {enabled: true}}}', 'nodes.zoe: office has no such node'],
  ['{network: office, gateways: {db: {kind: ingress, nodes: [a]}}}', 'kind: egress → ingress cannot be changed'],
])('%s cannot be reached', (content, why) => {
  expect(() => steps(content)).toThrow(why);
});
