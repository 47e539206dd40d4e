import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { InterfaceResource, PeerResource } from '#contracts/node-stream.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import type { SimulatedNode } from '../support/simulated-node.js';
import { until } from '../support/wait.js';
import { type Cli, cliOf, joinNodes, program } from './tombolo.js';

let plane: ControlPlane;
let cli: Cli;
let nodes: SimulatedNode[];
let a: SimulatedNode;
let b: SimulatedNode;
beforeAll(async () => {
  plane = await startControlPlane();
  cli = cliOf(plane);
  cli.tombolo('network', 'create', 'office', '--cidr', '10.90.0.0/24');
  nodes = await joinNodes(plane, 'office', ['a', 'b']);
  [a, b] = nodes as [SimulatedNode, SimulatedNode];
  await until('both to know each other', () => nodes.every((node) => node.peers === 1));
}, 150_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await plane.remove();
}, 60_000);

const order = (node: SimulatedNode) => (node.set?.resources.get('interface') as InterfaceResource | undefined)?.key;
const peerOf = (viewer: SimulatedNode, other: SimulatedNode) =>
  viewer.set?.resources.get(`peer/${other.id}`) as PeerResource | undefined;
const keyInUse = () => cli.json<{ publicKey: string }>('node', 'show', 'office/a').publicKey;

test('it waits until the node, and its peers, know the key; then all are told to change over', async () => {
  const before = keyInUse();
  const waiting = promisify(execFile)(process.execPath, [program, 'node', 'rotate-key', 'office/a'], {
    env: cli.environment,
  });
  await until('the node to be asked', () => order(a)?.wanted !== undefined);
  const publicKey = await a.offerKey(plane.http);
  await until('both to be told', () => order(a)?.next === publicKey && peerOf(b, a)?.nextKey === publicKey);
  expect([order(a)?.current, peerOf(b, a)?.publicKey]).toEqual([before, before]);

  for (const node of nodes) node.tellApplied();
  await until('both to change over', () => order(a)?.current === publicKey && peerOf(b, a)?.publicKey === publicKey);
  expect((await waiting).stdout.trim()).toBe(`node office/a has the new key ${publicKey}`);
  expect([keyInUse(), order(a), peerOf(b, a)?.nextKey]).toEqual([publicKey, { current: publicKey }, undefined]);
});

test('it need not wait; asked twice, the node is asked once', () => {
  const requests = () =>
    cli.tombolo('events', 'office', '--type', 'NodeKeyRotationRequested').out.split('\n').length - 1;
  const before = requests();
  for (let n = 0; n < 2; n++)
    expect(cli.tombolo('node', 'rotate-key', 'office/a', '--no-wait')).toEqual({
      code: 0,
      out: 'node office/a is asked for a new key',
      err: '',
    });
  expect(requests()).toBe(before + 1);
});

test.each([
  ['a node that there is not', 'office/x', 4],
  ['a disabled one', 'office/b', 3],
])('%s is refused', (_, target, code) => {
  cli.tombolo('node', 'disable', 'office/b');
  expect(cli.tombolo('node', 'rotate-key', target).code).toBe(code);
});
