import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headers } from '@nats-io/transport-node';
import type { GatewayCommandBodies } from '#contracts/gateway-commands.js';
import { commandText, type IngestResult, type SignedCommand } from '#contracts/sources.js';
import {
  commandSubject,
  eventSubject,
  ingestResultSubject,
  ingestSubject,
  reportSubject,
} from '#contracts/subjects.js';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { readTrust } from '#service/secrets.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { LiveMesh } from '../support/live-mesh.js';
import { operator } from '../support/operator.js';
import { until } from '../support/wait.js';

/**
 * Somebody has the broker: every right in the account of the services, everything that was ever told, and time. Not the files
 * of the services. Whatever it says, nobody plans, decides or shows anything by it.
 */
let plane: ControlPlane;
let mesh: LiveMesh;
let mallory: ServiceConnection;
/** What real services and nodes told, with their proofs. */
const overheard: { subject: string; data: Uint8Array; proof: string }[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  const { serviceCredentials } = readTrust(join(plane.dir, 'data', 'keys', 'trust.json'));
  mallory = await connectService({ urls: [plane.nats], creds: serviceCredentials, name: 'mallory' });
  for (const subject of ['tombolo.events.>', 'tombolo.reports.>', 'tombolo.commands.>'])
    mallory.nats.subscribe(subject, {
      callback: (_, message) => {
        const { subject: about, data } = message;
        overheard.push({ subject: about, data, proof: message.headers?.get('Tombolo-Mac') ?? '' });
      },
    });
  await mallory.nats.flush();
  mesh = await LiveMesh.create(plane, 'office');
  for (const name of ['one', 'two']) await mesh.enter(name);
  await mesh.level();
}, 180_000);
afterAll(async () => {
  await mallory?.close();
  await mesh?.close();
  await plane?.remove();
}, 60_000);

const say = (subject: string, body: unknown, proof?: string) => {
  const all = headers();
  if (proof) all.set('Tombolo-Mac', proof);
  mallory.nats.publish(subject, typeof body === 'string' ? body : JSON.stringify(body), { headers: all });
};

/** How many messages the services did not believe. */
async function notBelieved(kind: string): Promise<number> {
  const text = await fetch(`${plane.http}/metrics`).then((answer) => answer.text());
  const lines = text.matchAll(
    new RegExp(`^tombolo_messages_not_believed_total\\{kind="${kind}"[^}]*\\} (\\d+)$`, 'gm'),
  );
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

const refused = (kind: string, count: number) =>
  until(`${count} of ${kind} not to be believed`, async () => (await notBelieved(kind)) >= count);

interface Status {
  nodes: { nodeId: string; held: { revision: number } | null }[];
}

test('facts: a node that joins, one that leaves, a real one about another network, and all of it stored as well', async () => {
  const facts = await mesh.facts();
  const [network] = facts;
  const networkId = network!.stream;
  const enrolled = overheard.find(({ subject }) => subject === eventSubject('office', 'NodeEnrolled'))!;
  const real = JSON.parse(Buffer.from(enrolled.data).toString()) as Record<string, unknown> & { data: object };
  const at = (version: number) => ({ ...real, id: `${networkId}:${version}`, version });
  const next = facts.length + 1;
  const removed = { ...at(next), type: 'tombolo.NodeRemoved', data: { nodeId: mesh.nodes[0]!.id, reason: 'operator' } };
  const intruder = {
    ...at(next),
    data: { ...real.data, nodeId: '01890000-0000-7000-8000-00000000000a', name: 'mallory' },
  };
  const forgeries: [string, unknown, string?][] = [
    [eventSubject('office', 'NodeRemoved'), removed],
    [eventSubject('office', 'NodeRemoved'), removed, enrolled.proof],
    [eventSubject('office', 'NodeEnrolled'), intruder, enrolled.proof],
    [eventSubject('elsewhere', 'NodeEnrolled'), Buffer.from(enrolled.data).toString(), enrolled.proof],
  ];
  for (const [subject, body, proof] of forgeries) {
    say(subject, body, proof);
    await mallory.jetstream.publish(subject, JSON.stringify(body));
  }
  await refused('fact', 2 * forgeries.length);
  await mesh.level();
  // The real fact of that version is taken when it comes.
  await mesh.enter('three');
  await mesh.level();
  expect(mesh.nodes.map(({ peers }) => peers)).toEqual([2, 2, 2]);
}, 60_000);

test('commands: asked as the registry would, and asked again with its own proof', async () => {
  const subject = commandSubject('gateway-manager', 'gateway.create');
  const [one] = mesh.nodes;
  const body = (name: string): GatewayCommandBodies['gateway.create'] => ({
    gatewayId: randomUUID(),
    name,
    kind: 'egress',
    ranges: ['192.168.77.0/24'],
    members: [one!.id],
  });
  const wish = { name: 'real', kind: 'egress', ranges: ['192.168.7.0/24'], nodes: ['one'] };
  expect((await mesh.client.ask('POST', mesh.path('gateways'), wish)).status).toBe(201);
  const asked = await until('the registry to ask', () => overheard.find((each) => each.subject === subject));
  const { networkId } = JSON.parse(Buffer.from(asked.data).toString()) as { networkId: string };
  const before = (await mesh.facts()).length;
  const meta = { commandId: randomUUID(), actor: 'token/ops' };
  const request = { networkId, fingerprint: 'f', meta, body: body('made-up') };
  for (const proof of [undefined, asked.proof]) say(subject, request, proof);
  // The same command, word for word, is the same command.
  say(subject, Buffer.from(asked.data).toString(), asked.proof);
  await refused('command', 2);
  expect(await mesh.facts()).toHaveLength(before);
}, 60_000);

test('reports: held revisions that no node holds, a question for a full, and what a node said before', async () => {
  const [one] = mesh.nodes;
  one!.beat();
  const status = () => mesh.client.get<Status>(mesh.path('status'));
  const heldBy = async () => (await status()).nodes.find(({ nodeId }) => nodeId === one!.id)?.held?.revision;
  await until('the node to be heard', async () => (await heldBy()) === one!.set!.revision);
  const about = reportSubject(one!.id, 'heartbeat');
  const real = overheard.filter(({ subject }) => subject === about).at(-1)!;
  const said = JSON.parse(Buffer.from(real.data).toString()) as object;
  const before = await notBelieved('report');
  say(about, { ...said, revision: 4_711 });
  say(about, { ...said, revision: 4_712 }, real.proof);
  say(about, Buffer.from(real.data).toString(), real.proof);
  say(reportSubject(one!.id, 'resync'), { epoch: 1, revision: 1, reason: 'gap' }, real.proof);
  await refused('report', before + 4);
  expect(await heldBy()).toBe(one!.set!.revision);
}, 60_000);

test('commands of a source that signs: made up, changed, said in the name of another, and said again', async () => {
  const key = operator(5);
  const create = { networks: [mesh.name], allow: ['node.labels', 'node.retire'], publicKey: key.publicKey };
  const { status } = await mesh.client.ask('POST', '/sources', { name: 'inventory', ...create });
  expect(status).toBe(201);
  const heard: IngestResult[] = [];
  mallory.nats.subscribe(ingestResultSubject('inventory'), {
    callback: (_, message) => void heard.push(message.json()),
  });
  await mallory.nats.flush();
  const labels = (role: string) => ({
    id: `label-${role}`,
    source: '/inventory',
    type: 'tombolo.node.labels',
    time: new Date().toISOString(),
    data: { network: mesh.name, node: 'one', labels: { role } },
  });
  const signed = (command: SignedCommand) => ({
    specversion: '1.0',
    ...command,
    tombolosig: key.sign(commandText('inventory', command)),
  });
  const good = signed(labels('db'));
  const retire = {
    ...labels('x'),
    id: 'retire',
    type: 'tombolo.node.retire',
    data: { network: mesh.name, node: 'one' },
  };
  for (const forged of [
    { specversion: '1.0', ...retire },
    { specversion: '1.0', ...retire, tombolosig: good.tombolosig },
    { ...good, data: retire.data },
    { ...signed({ ...retire, time: new Date(Date.now() - 2 * 3_600_000).toISOString() }) },
    good,
    good,
  ])
    say(ingestSubject('inventory'), forged);
  await until('all to be answered', () => heard.length === 6);
  expect(heard.map(({ outcome, code }) => code ?? outcome)).toEqual([
    ...Array.from({ length: 4 }, () => 'unauthorized'),
    'accepted',
    'duplicate',
  ]);
  const { body } = await mesh.client.ask<{ labels: object }>('GET', `/networks/${mesh.name}/nodes/one`);
  expect(body.labels).toEqual({ role: 'db' });
});

test('the log was not touched, and the sealing key is nowhere in what it heard', async () => {
  const verified = await mesh.client.get<{ ok: boolean }>(mesh.path('log/verify'));
  expect(verified.ok).toBe(true);
  const { sealing } = JSON.parse(readFileSync(join(plane.dir, 'data', 'keys', 'trust.json'), 'utf8')) as {
    sealing: { privateKey: string };
  };
  expect(overheard.length).toBeGreaterThan(5);
  expect(overheard.filter(({ data }) => Buffer.from(data).includes(sealing.privateKey))).toEqual([]);
});
