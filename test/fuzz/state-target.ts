import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { digestOf, type Resource } from '#contracts/node-stream.js';
import { delegate } from '#contracts/sign-membership.js';
import { lockHash } from '#contracts/membership-lock.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { signText } from '#messaging/nkeys.js';
import { SealOpener } from '#messaging/node-seal.js';
import { desired, KEYS, ownInterface, peer } from '#wireguard/testing/fixtures.js';
import { makeNodeKeys } from '../../apps/agent/src/enrol/node-keys.js';
import { readPending, writePending } from '../../apps/agent/src/enrol/pending-enrolment.js';
import { AgentFailure } from '../../apps/agent/src/failure.js';
import { ControlPlaneAddresses } from '../../apps/agent/src/state/control-plane-addresses.js';
import { HeldSets } from '../../apps/agent/src/state/held-set.js';
import { readIdentity, writeIdentity } from '../../apps/agent/src/state/identity.js';
import { nextReportSession } from '../../apps/agent/src/state/report-session.js';
import { readLogin, writeLogin } from '../../apps/agent/src/state/login.js';
import { readOwnSignature, writeOwnSignature } from '../../apps/agent/src/members/own-signature.js';
import { Members, writePin } from '../../apps/agent/src/members/members.js';
import { StateDir } from '../../apps/agent/src/state/state-dir.js';
import { SeenEndpoints } from '../../apps/agent/src/state/seen-endpoints.js';
import { TunnelKeys } from '../../apps/agent/src/state/tunnel-keys.js';
import { lockBy, operator } from '../support/operator.js';
import { campaign, type FuzzTarget } from './fuzz-target.js';
import { damaged, type Json, mutated } from './mutate.js';

const FILES = [
  'identity',
  'privateKey',
  'nextKey',
  'login',
  'pending',
  'held',
  'previous',
  'controlPlane',
  'seenEndpoints',
  'reports',
  'members',
  'ownSignature',
] as const;

/** An agent's files after a disk, an editor or another version had its way with them. */
export const stateTarget: FuzzTarget = {
  name: 'state',
  boundedRuns: 300,
  open: async () => {
    const path = mkdtempSync(join(tmpdir(), 'tombolo-fuzz-'));
    const dir = new StateDir(path);
    await fill(dir);
    const whole = new Map(FILES.map((kind) => [kind, readFileSync(dir.file(kind))]));
    const content = (kind: (typeof FILES)[number]) => {
      const bytes = whole.get(kind)!;
      const text = bytes.toString();
      const asBytes = damaged(fc.constant(bytes)).map((each) => Buffer.from(each));
      if (!text.startsWith('{') || kind === 'held' || kind === 'previous') return asBytes;
      const asJson = mutated(fc.constant(JSON.parse(text) as Json)).map((json) => Buffer.from(JSON.stringify(json)));
      return fc.oneof({ weight: 1, arbitrary: asBytes }, { weight: 3, arbitrary: asJson });
    };
    return campaign({
      inputs: fc
        .constantFrom(...FILES)
        .chain((kind) => fc.record({ kind: fc.constant(kind), bytes: content(kind).map((b) => b.toString('latin1')) })),
      feed: async ({ kind, bytes }, count) => {
        writeFileSync(dir.file(kind), Buffer.from(bytes, 'latin1'));
        count(`${kind} ${await start(dir, kind)}`);
        writeFileSync(dir.file(kind), whole.get(kind)!);
      },
      close: async () => rmSync(path, { recursive: true }),
    });
  },
};

/** What an agent reads of a file before it does anything. @returns whether it starts, or says why not */
async function start(dir: StateDir, changed: (typeof FILES)[number]): Promise<string> {
  let identity;
  try {
    identity = await readIdentity(dir);
  } catch (error) {
    assert.ok(error instanceof AgentFailure && error.message.includes(dir.path), String(error));
    return 'refused';
  }
  assert.ok(identity);
  const { natsSeed, nodeId, controlPrivateKey: privateKey, controllerKey } = identity;
  if (changed === 'identity') {
    signText(natsSeed, 'a proof');
    new SealOpener(nodeId, { privateKey, controllerKey });
  }
  if (changed === 'privateKey' || changed === 'nextKey')
    assert.ok((await TunnelKeys.load(dir, identity)).has(identity.publicKey));
  const { held, warnings } = await new HeldSets(dir).recall();
  for (const resource of held?.set.resources.values() ?? []) assert.equal(typeof resource.name, 'string');
  const login = await readLogin(dir);
  for (const url of login?.urls ?? []) assert.ok(URL.canParse(url));
  const pending = changed === 'pending' ? await readPending(dir) : undefined;
  if (pending) assert.ok([pending.keys.tunnel.privateKey, pending.keys.nats.seed, pending.request.name].every(Boolean));
  const own = await readOwnSignature(dir);
  if (own) assert.equal(own.by, own.delegation.publicKey);
  const { prefixes } = await ControlPlaneAddresses.load(dir, identity);
  for (const prefix of prefixes) assert.match(prefix, /^[0-9a-f.:]+\/(32|128)$/);
  for (const { endpoint } of (await SeenEndpoints.load(dir)).fill(CALLERS).peers.values())
    if (endpoint !== null) assert.ok(parseEndpoint(endpoint));
  const session = await nextReportSession(dir, 1, { warn: () => assert.fail('not written') });
  assert.ok(Number.isSafeInteger(session) && session > 0);
  try {
    const { refused } = (await Members.load(dir, nodeId)).admit(held?.set ?? NOTHING, identity.publicKey);
    for (const { message } of refused) assert.equal(typeof message, 'string');
  } catch (error) {
    assert.ok(error instanceof AgentFailure && error.message.includes(dir.path), String(error));
    return 'refused';
  }
  return pending || warnings.length === 0 ? 'started' : 'started with a warning';
}

const CALLERS = desired([ownInterface(), peer('b'), peer('c')]);
const NOTHING = { epoch: 0, revision: 0, logVersion: 0, digest: 0n, resources: new Map() };

/** As a node leaves them that has joined. */
async function fill(dir: StateDir): Promise<void> {
  await dir.prepare();
  const keys = makeNodeKeys();
  const { publicKey, privateKey } = keys.tunnel;
  await writeIdentity(dir, {
    nodeId: '01890000-0000-7000-8000-000000000001',
    network: 'office',
    name: 'one',
    server: 'https://192.0.2.1:8080',
    ca: null,
    controllerKey: makeNodeKeys().control.publicKey,
    publicKey,
    controlPrivateKey: keys.control.privateKey,
    natsSeed: keys.nats.seed,
    interfaceName: 'tmb0',
    listenPort: 51_820,
    backend: 'auto',
  });
  writeFileSync(dir.file('privateKey'), `${privateKey}\n`);
  writeFileSync(dir.file('nextKey'), `${makeNodeKeys().tunnel.privateKey}\n`);
  writeFileSync(dir.file('controlPlane'), '{"192.0.2.1":["192.0.2.1"],"cp.example":["2001:db8::1","192.0.2.2"]}\n');
  writeFileSync(dir.file('seenEndpoints'), `{"${KEYS.b}":"192.0.2.1:51820","${KEYS.c}":"[2001:db8::1]:1"}\n`);
  writeFileSync(dir.file('reports'), '1763700000000\n');
  const entry = lockBy(operator(1), '01890000-0000-7000-8000-000000000003');
  await writePin(dir, { fingerprint: lockHash(entry), entry });
  const limits = { networkId: entry.networkId, keyId: '01890000-0000-7000-8000-000000000002' };
  const until = '2026-11-21T00:00:00.000Z';
  const delegation = delegate({ ...limits, publicKey: operator(2).publicKey, until }, operator(1));
  const record = { memberId: '01890000-0000-7000-8000-000000000001', publicKey, addresses: ['10.90.0.1'] };
  const seed = Buffer.alloc(32, 2).toString('base64url');
  await writeOwnSignature(dir, { seed, delegation }, record);
  await writeLogin(dir, { urls: ['nats://192.0.2.1:4222'], jwt: 'a.b.c', expiresAt: '2026-11-21T00:00:00Z' });
  await writePending(dir, {
    idempotencyKey: 'x',
    keyId: '01890000-0000-7000-8000-000000000002',
    wish: '{}',
    request: { name: 'one', publicKey, controlKey: keys.control.publicKey, natsKey: keys.nats.publicKey },
    keys,
    listenPort: 51_820,
  });
  const resources: Resource[] = [
    { name: 'interface', network: 'office', node: 'one', addresses: ['10.90.0.1/32'], mtu: 1420, keepalive: null },
  ];
  const set = {
    ...{ epoch: 1, revision: 1, logVersion: 3, digest: digestOf(resources) },
    resources: new Map(resources.map((each) => [each.name, each])),
  };
  for (let n = 0; n < 2; n++) await new HeldSets(dir).record({ set, appliedAt: '2026-11-20T12:00:00Z' });
}
