import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import type { SimulatedNode } from '../support/simulated-node.js';
import { type Cli, cliOf, joinNodes } from './tombolo.js';

let plane: ControlPlane;
let nodes: SimulatedNode[] = [];
let tombolo: Cli['tombolo'];
let json: Cli['json'];
let dir: string;
let file: string;
beforeAll(async () => {
  plane = await startControlPlane();
  ({ tombolo, json } = cliOf(plane));
  dir = mkdtempSync(join(tmpdir(), 'tombolo-apply-'));
  file = join(dir, 'office.yaml');
}, 150_000);
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await Promise.all(nodes.map((node) => node.close()));
  await plane.remove();
}, 60_000);

const withFile = (content: string, ...words: string[]) => {
  writeFileSync(file, content);
  return tombolo(words[0]!, '-f', file, ...words.slice(1));
};
const version = () => json<{ version: number }>('topology', 'office').version;

const empty = 'network: { name: office, cidr: 10.90.0.0/24, cidr6: none, model: archipelago }';
const whole = `${empty}
nodes:
  a: { labels: { role: gateway }, site: home }
clusters:
  east: { pods: [10.42.0.0/16], services: [10.43.0.0/16], members: { b: [10.42.1.0/24] } }
  west: { pods: [10.42.0.0/16], services: [10.43.0.0/16] }
gateways:
  east-door: { kind: cluster, cluster: east, nodes: [b] }
  west-door: { kind: cluster, cluster: west, nodes: [c] }
  db: { kind: egress, nodes: [a, c], ranges: [192.168.7.0/24], probe: 192.168.7.1 }
links: [[east, west]]
publications: [{ cluster: east, service: "10.43.0.10:443", as: ":443" }]
`;

test('a network that is not there yet is planned and made', async () => {
  expect(withFile(empty, 'plan')).toMatchObject({
    code: 0,
    out: expect.stringContaining('+ network office') as string,
  });
  expect(tombolo('network', 'show', 'office').code).toBe(4);
  expect(withFile(empty, 'apply').code).toBe(0);
  expect(withFile(empty, 'apply').out).toBe('office is what the file says');
  nodes = await joinNodes(plane, 'office', ['a', 'b', 'c']);
});

test('a plan tells changes, facts and nodes, and changes nothing', () => {
  const before = version();
  const { code, out, err } = withFile(whole, 'plan');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const order = ['~ node a', '+ cluster east', '+ gateway db', '+ link of east and west', '+ publication of tcp'];
  expect(order.map((line) => out.indexOf(line))).toEqual(order.map((line) => out.indexOf(line)).sort((x, y) => x - y));
  for (const line of [
    ...order,
    'facts:',
    'GatewayCreated  name=db',
    'VirtualRangeAssigned',
    'what nodes would be told:',
    'route/192.168.7.0/24',
  ])
    expect(out).toContain(line);
  expect(version()).toBe(before);
});

test('what was planned is applied, and once only', () => {
  const planned = json<{ facts: object[] }>('plan', '-f', file).facts.length;
  const before = version();
  const applied = withFile(whole, 'apply');
  expect(applied).toMatchObject({ code: 0, err: '' });
  expect(applied.out).toMatch(/^\+ gateway db$/m);
  expect(version()).toBe(before + planned);
  expect(withFile(whole, 'apply').out).toBe('office is what the file says');
  expect(withFile(whole, 'plan').out).toBe('office is what the file says');
  expect(version()).toBe(before + planned);
});

test('what a file leaves out stays, until it is pruned', () => {
  const less = whole
    .replace(/^ {2}db:.*\n/m, '')
    .replace('10.43.0.10:443', '10.43.0.11:443')
    .replace(':443" }', ':8443" }');
  expect(withFile(less, 'apply').out).toMatch(/^\+ publication of tcp 10.43.0.11:443 of east$/m);
  expect(tombolo('gateway', 'show', 'office/db').code).toBe(0);
  expect(withFile(less, 'apply', '--prune')).toMatchObject({
    code: 2,
    err: expect.stringContaining('gateway db') as string,
  });
  expect(tombolo('gateway', 'show', 'office/db').code).toBe(0);
  expect(withFile(less, 'apply', '--prune', '--yes').out.split('\n')).toEqual([
    '- publication of tcp 10.43.0.10:443 of east',
    '- gateway db',
  ]);
  expect(tombolo('gateway', 'show', 'office/db').code).toBe(4);
});

test('a refusal tells how far it came', () => {
  const wrong = `${whole}`.replace('192.168.7.0/24', '10.90.0.0/25').replace('192.168.7.1', 'none');
  expect(withFile(wrong, 'plan')).toMatchObject({ code: 3, err: expect.stringContaining('range_in_mesh') as string });
  const { code, err } = withFile(wrong, 'apply');
  expect(code).toBe(3);
  expect(err).toMatch(/gateway db: .*range_in_mesh/);
  expect(err).toContain('0 of 2 changes are done');
});

test.each([
  ['network: office\nclusters: { east: { pod: [] } }', 2, 'clusters.east'],
  ['network: { name: office, cidr: 10.91.0.0/24 }', 3, '10.91.0.0/24'],
  ['network: office\nnodes: { zoe: { enabled: false } }', 4, 'nodes.zoe'],
])('%j exits with %d', (content, code, why) => {
  for (const command of ['plan', 'apply'])
    expect(withFile(content, command)).toMatchObject({ code, err: expect.stringContaining(why) as string });
});

test('a file that is not there is a matter of usage', () => {
  expect(tombolo('apply', '-f', join(dir, 'none.yaml'))).toMatchObject({ code: 2 });
  expect(tombolo('apply')).toMatchObject({ code: 2 });
});
