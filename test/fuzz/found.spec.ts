import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNodeKeys } from '../../apps/agent/src/enrol/node-keys.js';
import { type PendingEnrolment, readPending, writePending } from '../../apps/agent/src/enrol/pending-enrolment.js';
import { ControlPlaneAddresses } from '../../apps/agent/src/state/control-plane-addresses.js';
import { readIdentity } from '../../apps/agent/src/state/identity.js';
import { StateDir } from '../../apps/agent/src/state/state-dir.js';
import { startRegistry } from '../../apps/registry/src/testing/registry.fixture.js';
import { TestNode } from '../../apps/registry/src/testing/test-node.js';

/** What fuzzing found, by name. */

const dir = new StateDir(mkdtempSync(join(tmpdir(), 'tombolo-found-')));
afterAll(() => rmSync(dir.path, { recursive: true }));

test('a list where an object should be, in a list of objects, is refused (it was a 500)', async () => {
  const registry = await startRegistry();
  try {
    await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
    const { bearer } = await registry.key('prod');
    const endpoints = [[{ address: '203.0.113.7', port: 51_820, kind: 'public' }]];
    const joining = { ...new TestNode('one').request, endpoints };
    const headers = { authorization: `Bearer ${bearer}` };
    const enrolled = await registry.request('POST', '/api/v1/enroll', { body: joining, headers });
    expect([enrolled.status, enrolled.body.errors]).toEqual([
      422,
      expect.arrayContaining([{ field: 'endpoints', message: 'must be a list of objects' }]),
    ]);
    const commands = [[{ command: 'network.set', mtu: 1400 }]];
    const planned = await registry.request('POST', '/api/v1/networks/prod/plan', { body: { commands } });
    expect(planned.status).toBe(422);
  } finally {
    await registry.close();
  }
});

test.each(['null', '[]', '7', '{"cp":"192.0.2.1"}', '{"cp":[7]}', '{"cp":["nowhere"]}', '{"cp":[["192.0.2.1"]]}'])(
  'addresses of the control plane that are %s on disk are found out anew (the agent ended)',
  async (text) => {
    writeFileSync(dir.file('controlPlane'), text);
    const addresses = await ControlPlaneAddresses.load(dir, { server: 'https://192.0.2.1:8080' });
    expect(addresses.prefixes).toEqual([]);
  },
);

const keys = makeNodeKeys();
const pending: PendingEnrolment = {
  idempotencyKey: 'once',
  keyId: '01890000-0000-7000-8000-000000000002',
  wish: '{}',
  request: {
    name: 'one',
    publicKey: keys.tunnel.publicKey,
    controlKey: keys.control.publicKey,
    natsKey: keys.nats.publicKey,
  },
  keys,
  listenPort: 51_820,
};

test('a request that was left whole is repeated', async () => {
  await writePending(dir, pending);
  expect(await readPending(dir)).toEqual(pending);
});

const { tunnel } = makeNodeKeys();
test.each<[string, object]>([
  ['lacks its keys', { keys: undefined }],
  ['lacks what is asked', { request: undefined }],
  ['has keys of somebody else', { keys: { ...keys, tunnel } }],
  ['has a seed that is none', { keys: { ...keys, nats: { ...keys.nats, seed: 'SUA' } } }],
  ['has no port', { listenPort: '51820' }],
])('a request left on disk that %s is not repeated (the agent joined without its keys)', async (_what, damage) => {
  await writePending(dir, { ...pending, ...damage });
  expect(await readPending(dir)).toBeUndefined();
});

test('an identity whose login key was damaged says so at once (the agent failed at every renewal)', async () => {
  const identity = {
    ...{ nodeId: pending.keyId, network: 'office', name: 'one', server: 'https://192.0.2.1', ca: null },
    ...{ controllerKey: keys.control.publicKey, publicKey: keys.tunnel.publicKey },
    ...{ controlPrivateKey: keys.control.privateKey, interfaceName: 'tmb0', listenPort: 51_820, backend: 'auto' },
  };
  const write = (natsSeed: string) => writeFileSync(dir.file('identity'), JSON.stringify({ ...identity, natsSeed }));
  write(keys.nats.seed);
  expect(await readIdentity(dir)).toMatchObject({ natsSeed: keys.nats.seed });
  write(keys.nats.seed.slice(0, -2));
  await expect(readIdentity(dir)).rejects.toThrow(/no good field "natsSeed": restore it from a backup/);
});
