import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { bearerOf } from '../support/simulated-node.js';

const JOINS = 200;
/** Acknowledged joins at which the blow falls. */
const KILL_AT = 60;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
}, 150_000);
afterAll(() => plane?.remove(), 60_000);

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${plane.http}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${plane.token}`, ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

interface Fact {
  version: number;
  type: string;
  data: { nodeId: string };
}

test('kill -9 of everything during 200 joins: every acknowledged one is in the log once, and on every agent', async () => {
  await call('POST', '/networks', { name: 'storm' });
  const bearer = bearerOf((await call<{ token: string }>('POST', '/networks/storm/enrollment-keys', {})).token);
  const { survived, held } = await storm(bearer);
  expect(survived).toBeGreaterThanOrEqual(KILL_AT);
  expect(survived).toBeLessThan(JOINS);

  const { items } = await call<{ items: Fact[] }>('GET', '/networks/storm/events?limit=1000');
  expect(items.map(({ version }) => version)).toEqual(items.map((_, i) => i + 1));
  const joined = items.filter(({ type }) => type === 'NodeEnrolled').map(({ data }) => data.nodeId);
  expect(joined.sort()).toEqual([...held.keys()].sort());
  expect(await call('GET', '/networks/storm/log/verify')).toMatchObject({ ok: true, facts: items.length });

  const { nodes } = await call<{ nodes: { nodeId: string; planned: { digest: string } }[] }>(
    'GET',
    '/networks/storm/status',
  );
  expect(held).toEqual(new Map(nodes.map(({ nodeId, planned }) => [nodeId, planned.digest])));
}, 240_000);

/** Lets nodes join, kills the control plane among them, and starts it again where it was. @returns what the nodes hold in the end */
async function storm(bearer: string): Promise<{ survived: number; held: Map<string, string> }> {
  const place = { dir: plane.dir, http: new URL(plane.http).host, nats: new URL(plane.nats).host };
  const program = spawn(process.execPath, ['dist/test/chaos/joining-nodes.js', plane.http, String(JOINS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  program.stdin.write(`${bearer}\n`);
  let acknowledged = 0;
  let survived = 0;
  let blow: Promise<void> | undefined;
  let held: [string, string][] = [];
  for await (const line of createInterface({ input: program.stdout })) {
    if (line.startsWith('level ')) held = JSON.parse(line.slice('level '.length)) as [string, string][];
    if (line !== 'joined' || ++acknowledged !== KILL_AT) continue;
    blow = plane.end('SIGKILL').then(async () => {
      survived = acknowledged;
      plane = await startControlPlane(place);
    });
  }
  await blow;
  return { survived, held: new Map(held) };
}
