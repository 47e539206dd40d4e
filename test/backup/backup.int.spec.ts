import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { NodeSet } from '#contracts/node-fold.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { bearerOf, SimulatedNode } from '../support/simulated-node.js';
import { until } from '../support/wait.js';

const place = mkdtempSync(join(tmpdir(), 'tombolo-backup-'));
const file = join(place, 'tombolo.backup');
const data = join(place, 'restored', 'data');
let plane: ControlPlane;
let postgres: TestPostgres | undefined;
const nodes: SimulatedNode[] = [];

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await plane?.remove();
  await postgres?.stop();
  rmSync(place, { recursive: true, force: true });
}, 60_000);

function tombolo(words: string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['apps/cli/bin/tombolo.mjs', 'backup', ...words], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${plane.http}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${plane.token}`, ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Every set that a node folds from now on. */
function record(node: SimulatedNode): NodeSet[] {
  const sets: NodeSet[] = [];
  let current = node.set;
  Object.defineProperty(node, 'set', {
    get: () => current,
    set: (next: NodeSet) => sets.push((current = next)),
  });
  return sets;
}

async function joinAs(name: string, bearer: string): Promise<SimulatedNode> {
  const node = new SimulatedNode(name);
  nodes.push(node);
  await node.enrol(plane.http, bearer);
  return node;
}

const planned = async () => {
  const { nodes } = await call<{ nodes: { nodeId: string; planned: { digest: string } }[] }>(
    'GET',
    '/networks/office/status',
  );
  return new Map(nodes.map(({ nodeId, planned }) => [nodeId, planned.digest]));
};

test('a control plane is destroyed, and restored on another disk: agents notice a pause', async () => {
  plane = await startControlPlane();
  await call('POST', '/networks', { name: 'office' });
  const { token } = await call<{ token: string }>('POST', '/networks/office/enrollment-keys', {});
  const bearer = bearerOf(token);
  const first = [await joinAs('one', bearer), await joinAs('two', bearer), await joinAs('three', bearer)];
  await until('three to peer', () => first.every((node) => node.peers === 2));

  const made = tombolo(['create', '--out', file, '--data', join(plane.dir, 'data')]);
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(made.out).toMatch(/^backup of 7 facts in 2 logs, every hash chain intact/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const before = await call<{ head: string }>('GET', '/networks/office/log/verify');

  // The log goes on after the backup, and its publisher counts on.
  const late = await joinAs('late', bearer);
  await until('four to peer', () => first.every((node) => node.peers === 3));
  const { http, nats } = { http: new URL(plane.http).host, nats: new URL(plane.nats).host };
  await plane.end('SIGKILL');
  plane = await startControlPlane({ dir: plane.dir, http, nats });
  await call('PATCH', '/networks/office', { mtu: 1300 });
  await until('all to be told', () =>
    nodes.every((node) => (node.set?.resources.get('interface') as { mtu?: number } | undefined)?.mtu === 1300),
  );

  await plane.end('SIGKILL');
  rmSync(plane.dir, { recursive: true });
  const held = first.map((node) => ({ epoch: node.set!.epoch, peers: node.peers }));
  const told = first.map(record);
  expect(tombolo(['restore', file, '--data', data])).toMatchObject({ code: 0, err: '' });
  plane = await startControlPlane({ dir: join(place, 'restored'), http, nats });
  expect(await call('GET', '/networks/office/log/verify')).toMatchObject({ ok: true, ...before });
  expect(await call('GET', '/networks/system/log/verify')).toMatchObject({ ok: true });

  // They held what the log does not know any more: all are brought to what it knows.
  await until(
    'agents to hold what the restored log says',
    async () => {
      const wanted = await planned();
      return first.every((node) => node.digest === wanted.get(node.id));
    },
    30_000,
  );
  expect(first.map((node) => node.peers)).toEqual([2, 2, 2]);
  const four = await joinAs('four', bearer);
  await until('a change to reach them', () => [...first, four].every((node) => node.peers === 3), 20_000);
  for (const [i, sets] of told.entries()) {
    let { epoch, revision } = { epoch: held[i]!.epoch, revision: Infinity };
    for (const set of sets) {
      expect(set.epoch > epoch || (set.epoch === epoch && set.revision > revision)).toBe(true);
      ({ epoch, revision } = set);
      const peers = first.filter((node) => node !== first[i]).map((node) => set.resources.has(`peer/${node.id}`));
      expect(peers).toEqual([true, true]);
    }
    expect(epoch).toBeGreaterThan(held[i]!.epoch);
  }

  // The node that joined after the backup is nobody's peer, and is told when it asks for a login.
  expect(first.some((node) => node.set!.resources.has(`peer/${late.id}`))).toBe(false);
  const refused = await late.renewLogin(plane.http);
  expect(refused).toMatchObject({ status: 401, detail: expect.stringContaining('Join again') });
}, 240_000);

test('a stopped control plane is backed up, too, and what is there is never restored over', async () => {
  await plane.end('SIGTERM');
  const second = join(place, 'second.backup');
  expect(tombolo(['create', '--out', second, '--data', data])).toMatchObject({ code: 0, err: '' });
  expect(tombolo(['create', '--out', second, '--data', data])).toMatchObject({ code: 1 });
  const linesOf = (path: string) => gunzipSync(readFileSync(path)).toString().split('\n');
  // Facts of the first are in the second as they are.
  const facts = linesOf(file).filter((line) => line.includes('"kind":"fact"'));
  expect(linesOf(second)).toEqual(expect.arrayContaining(facts));

  const over = tombolo(['restore', second, '--data', data]);
  expect(over).toMatchObject({ code: 3, err: expect.stringContaining('is not empty') });
}, 120_000);

test('a database that holds a log, and keys of another control plane, are left alone; an empty one is filled', async () => {
  postgres = await startPostgres();
  const keys = join(place, 'keys');
  const env = { TOMBOLO_DATABASE_URL: postgres.url, TOMBOLO_KEYS_DIR: keys };
  expect(tombolo(['restore', file], env)).toMatchObject({ code: 0, err: '' });
  expect(readdirSync(keys).sort()).toEqual(['admin-token', 'master.key', 'trust.json']);
  expect(readdirSync(keys).map((name) => statSync(join(keys, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
  expect(tombolo(['restore', file], env)).toMatchObject({ code: 3, err: expect.stringContaining('holds a log') });

  // The same again from there, byte for byte but for the time.
  const again = join(place, 'again.backup');
  expect(tombolo(['create', '--out', again], env)).toMatchObject({ code: 0, err: '' });
  const contentOf = (path: string) =>
    gunzipSync(readFileSync(path))
      .toString()
      .split('\n')
      .filter((line) => /"kind":"(file|fact|answer)"/.test(line));
  expect(contentOf(again)).toEqual(contentOf(file));
}, 120_000);

const edited = (edit: (lines: string[]) => string[]) => () =>
  gzipSync(edit(gunzipSync(readFileSync(file)).toString().split('\n')).join('\n'));

test.each<[string, () => Buffer, RegExp]>([
  ['cut', () => readFileSync(file).subarray(0, -40), /damaged \(it was cut\)/],
  ['without its end', edited((lines) => [...lines.slice(0, -2), '']), /its end is missing/],
  ['of another kind', () => gzipSync('hello\n'), /no backup of Tombolo/],
  ['not even compressed', () => Buffer.from('hello\n'), /cannot be decompressed/],
  ['with a fact changed', edited((lines) => lines.map((line) => line.replace('one', 'oNe'))), /hash chain/],
  [
    'with a fact taken out',
    edited((lines) => lines.filter((line) => !/"kind":"fact".*"version":2,/.test(line))),
    /version 2 of the log .* is missing/,
  ],
  ['with a key changed', edited((lines) => lines.map((line) => line.replace('"mode":384', '"mode":420'))), /checksum/],
  [
    'of a newer format',
    edited(([first, ...rest]) => [first!.replace('"format":1', '"format":2'), ...rest]),
    /made by Tombolo 0.1.0 \(format 2\), and this is 0.1.0: restore it with that version/,
  ],
  [
    'of a newer version',
    edited(([first, ...rest]) => [first!.replace('"0.1.0"', '"0.10.0"'), ...rest]),
    /made by Tombolo 0.10.0/,
  ],
])(
  'a backup %s is refused, and nothing is restored',
  (_what, bytes, why) => {
    const bad = join(place, 'bad.backup');
    const target = join(place, 'from-bad');
    writeFileSync(bad, bytes());
    const { code, err } = tombolo(['restore', bad, '--data', target]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(why) });
    expect([existsSync(target), existsSync(`${target}.restoring`)]).toEqual([false, false]);
  },
  60_000,
);
