import type { ObservedLink } from '#contracts/reports.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import type { SimulatedNode } from '../support/simulated-node.js';
import { until } from '../support/wait.js';
import { type Cli, cliOf, joinNodes } from './tombolo.js';

const NAMES = ['berlin-1', 'berlin-2', 'paris-1', 'tokyo-1'];
let plane: ControlPlane;
let nodes: SimulatedNode[] | undefined;
beforeAll(async () => {
  plane = await startControlPlane();
  tombolo('network', 'create', 'wide');
  nodes = await joinNodes(plane, 'wide', NAMES);
}, 150_000);
afterAll(async () => {
  await Promise.all((nodes ?? []).map((node) => node.close()));
  await plane.remove();
}, 60_000);

const tombolo: Cli['tombolo'] = (...words) => cliOf(plane).tombolo(...words);

/** Tells again and again, as agents do until somebody listens, what one node sees of others. */
async function tellUntil(what: string, said: () => boolean, from: number, links: Record<number, number | null>) {
  const peers = Object.entries(links).map(([to, rtt]): ObservedLink => ({
    nodeId: nodes![Number(to)]!.id,
    endpoint: '192.0.2.1:51820',
    link: rtt === null ? 'unanswered' : 'up',
    rtt,
  }));
  await until(what, () => {
    nodes![from]!.tell({ kind: 'observed', body: { endpoints: [], peers, forwarded: [] } });
    return said();
  });
}

const answers = (from: number, to: number, state: string) => () =>
  tombolo('ping', 'wide', '--from', NAMES[from]!, '--to', NAMES[to]!).out.includes(state);

test('before anybody has told anything, nothing is known, and that is not well', () => {
  const { code, out, err } = tombolo('ping', 'wide');
  expect(code).toBe(1);
  expect(out.match(/unknown/g)).toHaveLength(6);
  expect(err).toContain('6 of 6 pairs');
  expect(tombolo('advise', 'etcd', 'wide')).toMatchObject({ code: 1, err: expect.stringContaining('--latency') });
});

test('what agents measured shows as a matrix, and says who may host etcd', async () => {
  await tellUntil('berlin-1 to be heard', answers(0, 3, 'yes'), 0, { 1: 1.5, 2: 20, 3: 240 });
  await tellUntil('paris-1 to be heard', answers(2, 3, 'yes'), 2, { 1: 21, 3: 230 });
  await tellUntil('tokyo-1 to be heard', answers(3, 1, 'yes'), 3, { 1: 250 });
  const { out } = tombolo('status', 'wide', '--latency');
  expect(out).toMatch(/^berlin-2 +1\.5 ms +21 ms +250 ms$/m);
  expect(tombolo('ping', 'wide')).toMatchObject({ code: 0, out: expect.stringContaining('all 6 pairs answer') });

  const advice = tombolo('advise', 'etcd', 'wide', '--members', '3', '--choices', '2').out.split('\n');
  expect(advice[1]).toMatch(/^berlin-1, berlin-2, paris-1 +berlin-2 - paris-1 21 ms +fits as it is$/);
  expect(advice[2]).toMatch(
    /^berlin-1, paris-1, tokyo-1 .* 240 ms +fits with --heartbeat-interval=240 --election-timeout=2400/,
  );
  expect(advice.at(-1)).toContain('https://etcd.io/docs/');
  const among = ['--node', 'berlin-1', '--node', 'paris-1', '--node', 'tokyo-1'];
  const { sets, exact } = cliOf(plane).json<{ sets: { members: string[] }[]; exact: boolean }>(
    'advise',
    'etcd',
    'wide',
    ...among,
  );
  expect([sets.map(({ members }) => members), exact]).toEqual([[['berlin-1', 'paris-1', 'tokyo-1']], true]);
});

test('each pair tells by what path it is reached, and why', () => {
  const pair = /^berlin-1 +tokyo-1 +none +up .* 240 ms +nobody can call berlin-1, and it has no relay; /m;
  expect(tombolo('status', 'wide', '--paths')).toMatchObject({ code: 0, out: expect.stringMatching(pair) });
  expect(tombolo('status', 'wide').out).toMatch(pair);
  expect(tombolo('status', 'wide', '--paths', '--node', 'tokyo-1').out).toMatch(/^3 pairs: 3 none$/m);
  expect(tombolo('status', 'wide', '--paths', '--node', 'tokyo-1', '--node', 'paris-1').out).toMatch(
    /^1 pair: 1 none$/m,
  );
  expect(tombolo('status', 'wide', '--paths', '--latency').code).toBe(2);
});

test('a pair that does not answer makes ping fail', async () => {
  await tellUntil('the silence to be heard', answers(0, 3, ' no '), 0, { 3: null });
  expect(tombolo('ping', 'wide', '--from', 'tokyo-1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('1 of 3'),
  });
  expect(tombolo('ping', 'wide', '--from', 'berlin-1', '--to', 'paris-1').code).toBe(0);
});

test.each([
  [['ping', 'wide', '--from', 'nobody'], 4],
  [['ping', 'nowhere'], 4],
  [['ping', 'wide', '--from', 'paris-1', '--to', 'paris-1'], 2],
  [['status', '--latency'], 2],
  [['advise', 'etcd', 'wide', '--members', '2'], 2],
])('tombolo %j ends with %d', (words, code) => {
  expect(tombolo(...words).code).toBe(code);
});
