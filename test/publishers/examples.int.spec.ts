import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectReporter } from '../../examples/report-cluster.js';
import { cliOf } from '../cli/tombolo.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { bearerOf, SimulatedNode } from '../support/simulated-node.js';
import { until } from '../support/wait.js';

/** The examples, as docs/publishers.md tells to run them, against a whole control plane. */
let plane: ControlPlane;
let credentials = '';
const nodes: SimulatedNode[] = [];
const tombolo = (...words: string[]) => cliOf(plane).tombolo(...words);

beforeAll(async () => {
  plane = await startControlPlane();
  expect(tombolo('network', 'create', 'prod', '--cidr', '10.90.0.0/16', '--model', 'archipelago').code).toBe(0);
  credentials = join(plane.dir, 'inventory.creds');
  const allow = 'node.offer,node.retire,cluster.report';
  const made = tombolo('source', 'create', 'inventory', '--network', 'prod', '--allow', allow, '--out', credentials);
  expect([made.code, made.err]).toEqual([0, '']);
}, 150_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await plane.remove();
}, 60_000);

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

function run(command: string, args: string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (ran.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (ran.err += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}

test('the credentials are in a file of their own, and are written once', () => {
  expect(statSync(credentials).mode & 0o777).toBe(0o600);
  expect(readFileSync(credentials, 'utf8')).toContain('BEGIN USER NKEY SEED');
  const again = tombolo('source', 'create', 'x', '--network', 'prod', '--allow', 'node.retire', '--out', credentials);
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('EEXIST')]);
  expect(tombolo('source', 'list').out).toMatch(/inventory +prod +cluster\.report,node\.offer,node\.retire +in force/);
});

test('offer-node.sh: a machine joins with the token that it prints, and gets its labels', async () => {
  const offer = (id: string, ...more: string[]) =>
    run('examples/offer-node.sh', [plane.nats, credentials, 'inventory', 'prod', id, ...more]);
  const { code, out, err } = await offer('machine-1', '{"rack":"b4"}');
  expect([code, err]).toEqual([0, '']);
  const node = new SimulatedNode('worker-1');
  nodes.push(node);
  await node.enrol(plane.http, bearerOf(out.trim()));
  expect(cliOf(plane).json('node', 'show', 'prod/worker-1')).toMatchObject({ labels: { rack: 'b4' } });
  const again = await offer('machine-1');
  expect([again.code, again.out]).toEqual([1, '']);
  expect(again.err).toContain('idempotency_mismatch');
});

test('publish.mjs: sends events, prints what became of each, and tells by its exit code', async () => {
  const event = (id: string, data: object) =>
    JSON.stringify({ specversion: '1.0', id, source: '/inventory', type: 'tombolo.node.retire', data });
  const publish = (...events: string[]) =>
    run(process.execPath, ['examples/publish.mjs', plane.nats, credentials, 'inventory'], events.join('\n') + '\n');
  const refused = await publish(event('gone', { network: 'prod', node: 'nobody' }), 'rubbish');
  expect(refused.code).toBe(1);
  expect(
    refused.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    { id: 'gone', outcome: 'rejected', code: 'not_found' },
    { id: null, outcome: 'rejected', code: 'malformed' },
  ]);
  const node = new SimulatedNode('old');
  nodes.push(node);
  await node.enrol(plane.http, bearerOf(tombolo('key', 'create', '--network', 'prod', '--uses', '1').out.trim()));
  const good = event('retire-old', { network: 'prod', node: 'old' });
  const done = await publish(good);
  expect([done.code, JSON.parse(done.out)]).toMatchObject([0, { id: 'retire-old', outcome: 'accepted' }]);
  const again = await publish(good);
  expect([again.code, JSON.parse(again.out)]).toMatchObject([0, { id: 'retire-old', outcome: 'duplicate' }]);
  expect(tombolo('node', 'show', 'prod/old').code).toBe(4);
});

test('report-cluster.ts: the cluster is as it was reported, and follows the file', async () => {
  const file = join(plane.dir, 'cluster.json');
  const report = { cluster: 'berlin', pods: ['10.42.0.0/16'], services: ['10.43.0.0/16'] };
  writeFileSync(file, JSON.stringify({ ...report, members: [{ node: 'worker-1', pods: ['10.42.1.0/24'] }] }));
  const args = ['dist/examples/report-cluster.js', plane.nats, credentials, 'inventory', 'prod', file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words += chunk.toString()));
  try {
    const shown = () => cliOf(plane).json<{ members: object[] }>('cluster', 'show', 'prod/berlin');
    await until('the report to be taken', () =>
      ['"outcome":"accepted"', 'tombolo.ClusterMemberSet'].every((word) => words.includes(word)),
    );
    const { pods, services } = report;
    expect(shown()).toMatchObject({ pods, services, members: [{ name: 'worker-1', pods: ['10.42.1.0/24'] }] });
    writeFileSync(file, JSON.stringify({ ...report, members: [] }));
    await until('the change to be told', () => words.includes('tombolo.ClusterMemberUnset'));
    expect(shown().members).toEqual([]);
  } finally {
    child.kill();
  }
});

test('a source with a key of its own signs: shell and TypeScript, and nothing is done without', async () => {
  const creds = join(plane.dir, 'signer.creds');
  const create = ['source', 'create', 'signer', '--network', 'prod', '--allow', 'node.offer,cluster.report'];
  expect(tombolo(...create, '--signed').code).toBe(2);
  expect(tombolo(...create, '--signed', '--out', creds)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`${creds}.key`),
  });
  expect(statSync(`${creds}.key`).mode & 0o777).toBe(0o600);
  const offer = (id: string, env?: NodeJS.ProcessEnv) =>
    run('examples/offer-node.sh', [plane.nats, creds, 'signer', 'prod', id], '', env);
  const bare = await offer('machine-2');
  expect([bare.code, bare.out, bare.err]).toEqual([1, '', expect.stringContaining('unauthorized')]);
  const { code, out } = await offer('machine-2', { TOMBOLO_SOURCE_KEY: `${creds}.key` });
  expect([code, out]).toEqual([0, expect.stringMatching(/^tmb_/)]);
  const reporter = { url: plane.nats, credentials: readFileSync(creds), source: 'signer', network: 'prod' };
  const report = async (key: object) => {
    const each = await connectReporter({ ...reporter, ...key });
    return each.report({ cluster: 'hamburg', pods: ['10.44.0.0/16'] }).finally(() => each.close());
  };
  expect(await report({})).toMatchObject({ outcome: 'rejected', code: 'unauthorized' });
  expect(await report({ key: readFileSync(`${creds}.key`) })).toMatchObject({ outcome: 'accepted' });
});

test('a source that is revoked is out', async () => {
  expect(tombolo('source', 'revoke', 'inventory', '--yes').code).toBe(0);
  const { code, err } = await run(
    process.execPath,
    ['examples/publish.mjs', plane.nats, credentials, 'inventory'],
    '{}',
  );
  expect([code, err]).toEqual([1, expect.stringMatching(/authorization/i)]);
  expect(tombolo('source', 'list').out).toContain('revoked');
});
