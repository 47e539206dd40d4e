import { readDesired } from './desired.js';

test('YAML and JSON, short and long', () => {
  const yaml = `
network: office
nodes:
  web-1: { labels: { role: db }, site: null }
clusters:
  east:
    pods: [10.42.0.0/16]
    members: { web-1: [10.42.1.0/24], web-2: }
links:
  - [east, west]
  - { clusters: [east, north], onOverlap: refuse }
gateways:
  db: { kind: egress, nodes: [web-1], ranges: [192.168.7.0/24], probe: "192.168.7.1:5432" }
publications:
  - { cluster: east, service: "10.43.0.10:443", as: ":443" }
`;
  const desired = readDesired(yaml);
  expect(desired.network).toEqual({ name: 'office' });
  expect(desired.nodes?.get('web-1')).toEqual({ labels: { role: 'db' }, site: null });
  expect([...(desired.clusters?.get('east')?.members ?? [])]).toEqual([
    ['web-1', ['10.42.1.0/24']],
    ['web-2', null],
  ]);
  expect(desired.links).toEqual([{ clusters: ['east', 'west'] }, { clusters: ['east', 'north'], onOverlap: 'refuse' }]);
  expect(desired.gateways?.get('db')?.probe).toEqual({ address: '192.168.7.1', port: 5432 });
  expect(desired.publications?.[0]?.as).toEqual({ port: 443 });

  expect(readDesired('{"network": {"name": "office", "mtu": 1400}, "clusters": {}}')).toEqual({
    network: { name: 'office', mtu: 1400 },
    clusters: new Map(),
  });
});

test.each([
  ['', 'must have network'],
  ['[]', 'the file: must have fields'],
  ['{', 'not YAML'],
  ['network: 5', 'network: must have fields'],
  ['network: {name: office, size: 5}', 'network: has no field size, but name, cidr'],
  ['network: {name: office, mtu: big}', 'network.mtu: must be a whole number'],
  ['{network: office, clusters: {east: {pod: []}}}', 'clusters.east: has no field pod, but pods'],
  ['{network: office, clusters: {east: {pods: 10.0.0.0/8}}}', 'clusters.east.pods: must be a list'],
  ['{network: office, clusters: {east: {model: moebius}}}', 'clusters.east.model: must be one of flat'],
  ['{network: office, links: [[east]]}', 'links[0]: must name two clusters'],
  ['{network: office, gateways: {db: {kind: egress}}}', 'gateways.db: must have nodes'],
  ['{network: office, gateways: {db: {kind: egress, nodes: [a], probe: db}}}', 'gateways.db.probe: give ADDRESS:PORT'],
  ['{network: office, nodes: {a: {enabled: "yes"}}}', 'nodes.a.enabled: must be true or false'],
  ['{network: office, publications: [{cluster: a, service: x, as: ":1"}]}', 'publications[0].service: give ADDRESS'],
])('%s is refused with its place', (content, why) => {
  expect(() => readDesired(content)).toThrow(why);
});
