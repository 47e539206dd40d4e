import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { CloudEvent } from 'cloudevents';
import type { AgentReport } from '#messaging/agent-connection.js';
import { SOURCE_COMMANDS, type SourceCommand } from '#contracts/sources.js';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { readTrust } from '#service/secrets.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { bearerOf, SimulatedNode } from '../support/simulated-node.js';
import { connectSource } from '../support/source-login.js';
import { until } from '../support/wait.js';

interface Seen {
  subject: string;
  headers: Record<string, string>;
  data: Uint8Array;
}

interface Message {
  contentType?: string;
  headers?: object;
  payload: object;
}

interface Document {
  channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>;
  components: { messages: Record<string, Message> };
}

/** What goes on between our own services, and is no part of the interface. */
const INTERNAL = /^tombolo\.((commands|checkpoints|parked)\.|(nodes|live)\.-\.mark$)/;

let plane: ControlPlane;
let connection: ServiceConnection;
let document: Document;
const seen: Seen[] = [];
const nodes: SimulatedNode[] = [];
const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true }));

beforeAll(async () => {
  plane = await startControlPlane();
  const { serviceCredentials } = readTrust(join(plane.dir, 'data', 'keys', 'trust.json'));
  connection = await connectService({ urls: [plane.nats], creds: serviceCredentials, name: 'asyncapi-test' });
  connection.nats.subscribe('tombolo.>', {
    callback: (_, { subject, headers, data }) => {
      const values = (headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? '']);
      seen.push({ subject, headers: Object.fromEntries(values), data });
    },
  });
  await connection.nats.flush();
  document = (await (await fetch(`${plane.http}/api/asyncapi.json`)).json()) as Document;
}, 150_000);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await connection?.close();
  await plane?.remove();
}, 60_000);

test('every message of a run is as the document says, and every channel of the document has one', async () => {
  await call('POST', '/networks', { name: 'prod', cidr: '10.90.0.0/16' });
  const { token } = await call<{ token: string }>('POST', '/networks/prod/enrollment-keys', { uses: 3 });
  for (const name of ['a', 'b', 'c']) {
    const node = new SimulatedNode(name);
    nodes.push(node);
    await node.enrol(plane.http, bearerOf(token));
  }
  await until('all to know each other', () => nodes.every((node) => node.peers === 2));
  for (const report of reports()) nodes[0]?.tell(report);
  await call('POST', '/networks/prod/nodes/b/rotate-key', {});
  await call('DELETE', '/networks/prod/nodes/c');

  await sendCommands();

  const channels = Object.entries(document.channels);
  for (const [name, { address }] of channels) await until(`a message on ${name}`, () => on(address).length > 0);
  for (const [name, { address, messages }] of channels) {
    const { headers = {}, payload, contentType = 'application/json' } = messageOf(Object.values(messages)[0]?.$ref);
    const check = [ajv.compile(headers), ajv.compile(payload)] as const;
    for (const one of on(address)) {
      const text = Buffer.from(one.data).toString();
      const values = [one.headers, contentType.endsWith('json') ? (JSON.parse(text) as unknown) : text] as const;
      for (const [index, value] of values.entries()) {
        check[index]?.(value);
        expect([name, one.subject, check[index]?.errors]).toEqual([name, one.subject, null]);
      }
    }
  }
  const unknown = seen.filter(
    ({ subject }) => !INTERNAL.test(subject) && !channels.some(([, { address }]) => pattern(address).test(subject)),
  );
  expect(unknown.map(({ subject }) => subject)).toEqual([]);
});

/** Each command of a source, all but the rubbish as the document says; what became of them is seen with the rest. */
async function sendCommands(): Promise<void> {
  const body = { name: 'cmdb', networks: ['prod'], allow: SOURCE_COMMANDS };
  const { credentials } = await call<{ credentials: string }>('POST', '/sources', body);
  const source = await connectSource(plane.nats, credentials);
  const hash = 'a'.repeat(64);
  const commands: Record<SourceCommand, object> = {
    'node.offer': { secretHash: hash, labels: { rack: 'b4' }, site: 'berlin', expiresIn: 3600 },
    'node.labels': { node: 'a', labels: { role: 'db' } },
    'node.disable': { node: 'a' },
    'node.enable': { node: 'a' },
    'cluster.report': { cluster: 'berlin', pods: ['10.42.0.0/16'], members: [{ node: 'b' }, { node: 'late' }] },
    'node.retire': { node: 'nobody' },
  };
  for (const [command, data] of Object.entries(commands)) {
    const type = `tombolo.${command}`;
    const event = new CloudEvent({ source: '/cmdb', type, data: { network: 'prod', ...data } });
    source.publish('tombolo.ingest.cmdb', JSON.stringify(event));
  }
  const answered = () => on('tombolo.ingest-results.{source}').length;
  await until('the commands to be answered', () => answered() === SOURCE_COMMANDS.length);
  await source.close();
}

function reports(): AgentReport[] {
  const position = { epoch: 1, revision: 1 };
  const digest = '0'.repeat(32);
  return [
    { kind: 'applied', body: { ...position, digest, logVersion: 3, tookMs: 1.5 } },
    { kind: 'rejected', body: { ...position, held: 0, errors: [{ resource: 'route/10.0.0.0/8', message: 'taken' }] } },
    {
      kind: 'heartbeat',
      body: { ...position, digest, agentVersion: '0.1.0', backend: 'kernel', peers: 2, repairs: 0 },
    },
    { kind: 'resync', body: { ...position, reason: 'gap' } },
    { kind: 'probe', body: { gateways: [], handshakeAge: null } },
    {
      kind: 'observed',
      body: {
        run: 'run-1',
        endpoints: [{ address: '192.168.1.2', port: 51820, kind: 'lan' }],
        peers: [{ nodeId: nodes[1]?.id ?? '', endpoint: '203.0.113.9:51820', link: 'up', rtt: 1.5, handshakeAge: 7 }],
        forwarded: [],
      },
    },
  ];
}

const on = (address: string) => seen.filter(({ subject }) => pattern(address).test(subject));
const pattern = (address: string) => new RegExp(`^${address.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^.]+')}$`);
const messageOf = (reference = '') => document.components.messages[reference.split('/').at(-1) ?? ''] as Message;

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${plane.http}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${plane.token}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
