import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DesiredState } from '../../../test/support/desired-state.js';
import { EnrolmentServer } from '../../../test/support/enrolment-server.js';
import { inOwnNamespace } from '../../../test/support/own-namespace.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import type { Resource } from '#contracts/node-stream.js';
import { NodeStreamWriter } from '#messaging/node-stream.js';
import { ensureStreams } from '#messaging/streams.js';
import { ownInterface, peer, peerId, route } from '#wireguard/testing/fixtures.js';
import { ownCertificate } from '../../standalone/src/parts/authority.js';
import { AgentInProcess as Agent } from './testing/agent-in-process.js';

jest.setTimeout(30_000);

const set: Resource[] = [
  ownInterface({ mtu: 1380 }),
  peer('b', { endpoint: '192.0.2.2:51820' }),
  peer('c'),
  route('10.90.0.0/16'),
];

inOwnNamespace(import.meta.url, () => {
  let broker: TrustedNats;
  let server: EnrolmentServer;
  let writer: NodeStreamWriter;
  const keys = mkdtempSync(join(tmpdir(), 'tombolo-keys-'));
  const agents: Agent[] = [];
  const reports: { nodeId: string; kind: string; body: Record<string, unknown> }[] = [];

  beforeAll(async () => {
    const tls = await ownCertificate({ keys, names: ['127.0.0.1'], now: new Date() });
    const { certFile, keyFile, caFile = '', pin } = tls;
    broker = await startTrustedNats({ tls: { certFile, keyFile, caFile } });
    const service = await broker.connect('service');
    await ensureStreams(service, { replicas: 1 });
    writer = new NodeStreamWriter(service, broker.trust.sealing.privateKey);
    service.nats.subscribe('tombolo.reports.>', {
      callback: (_, message) => {
        const [, , nodeId = '', kind = ''] = message.subject.split('.');
        reports.push({ nodeId, kind, body: message.json() });
      },
    });
    const [cert = '', key = '', ca = ''] = [certFile, keyFile, caFile].map((file) => readFileSync(file, 'utf8'));
    server = await EnrolmentServer.start({ trust: broker.trust, natsUrls: [broker.url], tls: { cert, key, ca, pin } });
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.destroy();
  });
  afterAll(async () => {
    await server.stop();
    await broker.stop();
    rmSync(keys, { recursive: true });
  });

  const newAgent = (interfaceName = 'tmb0') => {
    const agent = new Agent(interfaceName);
    agents.push(agent);
    return agent;
  };

  /** What the controller wants of the node that has just enrolled. */
  const desiredOf = (agent: Agent): DesiredState => {
    const { nodeId } = JSON.parse(readFileSync(join(agent.dir, 'identity.json'), 'utf8')) as { nodeId: string };
    const desired = new DesiredState(writer, nodeId);
    const { controlKey } = server.nodes.get(nodeId)!.request;
    Object.assign(desired, { keys: { publicKey: controlKey, privateKey: '' } });
    return desired;
  };

  const joined = async (agent: Agent, resources = set, ...words: string[]) => {
    agent.start('up', '--token', server.token(), '--interface', agent.interfaceName, ...words);
    await until('it has joined', () => existsSync(join(agent.dir, 'identity.json')));
    const desired = desiredOf(agent);
    desired.change(resources);
    await desired.full();
    await holds(agent, 1);
    return desired;
  };

  const holds = (agent: Agent, revision: number) =>
    until(`revision ${revision} is held`, async () => (await agent.status()).revision === revision);
  const wg = (...args: string[]) => execFileSync('wg', args, { encoding: 'utf8' }).trim();
  const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' }).trim();
  const peersOf = (name = 'tmb0') => wg('show', name, 'peers').split('\n').filter(Boolean);
  const indexOf = (name = 'tmb0') =>
    (JSON.parse(ip('-json', 'link', 'show', 'dev', name)) as { ifindex: number }[])[0]?.ifindex;
  const portOf = (name = 'tmb0') => Number(wg('show', name, 'listen-port'));
  const isThere = (name = 'tmb0') => readFileSync('/proc/self/net/dev', 'utf8').includes(`${name}:`);
  const told = (desired: DesiredState, kind: string) =>
    reports.filter((report) => report.nodeId === desired.nodeId && report.kind === kind).map((report) => report.body);

  test("joins over a pinned certificate, applies, reports; keys are the node's own and closed to others", async () => {
    const agent = newAgent();
    const desired = await joined(agent, set, '--name', 'a', '--label', 'role=db', '--endpoint', '203.0.113.5:51820');
    const { request } = server.nodes.get(desired.nodeId)!;
    expect(request).toMatchObject({
      name: 'a',
      labels: { role: 'db' },
      endpoints: [{ address: '203.0.113.5', port: 51820, kind: 'public' }],
    });
    expect(wg('show', 'tmb0', 'public-key')).toBe(request.publicKey);
    expect(portOf()).toBe(51_820);
    expect(peersOf()).toHaveLength(2);
    await until('it tells', () => told(desired, 'applied').length > 0);
    expect(told(desired, 'applied')[0]).toEqual({
      epoch: 1,
      revision: 1,
      digest: desired.digest,
      logVersion: 1,
      tookMs: expect.any(Number),
    });
    expect(told(desired, 'heartbeat')[0]).toMatchObject({ revision: 0, backend: 'none', repairs: 0 });
    expect(await agent.status()).toEqual({
      network: 'prod',
      node: 'a',
      interface: 'tmb0',
      backend: 'userspace',
      revision: 1,
      digest: desired.digest,
      publicKey: request.publicKey,
      lock: null,
      nextKey: null,
      refused: [],
      lastApply: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      drift: [],
      drops: [],
      notes: [],
      peers: [
        { name: 'b', path: 'direct', endpoint: '192.0.2.2:51820', handshakeAge: null },
        { name: 'c', path: 'direct', endpoint: null, handshakeAge: null },
      ],
    });
    expect(statSync(agent.dir).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(agent.dir))
      expect([file, statSync(join(agent.dir, file)).mode & 0o777]).toEqual([file, 0o600]);
    const sent = JSON.stringify(server.seen);
    const secrets = readFileSync(join(agent.dir, 'wireguard.key'), 'utf8').trim();
    expect(sent).not.toContain(secrets);
    expect(existsSync(join(agent.dir, 'enrolment.json'))).toBe(false);
  });

  test('a change comes live and touches nothing else; a bad set is rejected and the last good one stays', async () => {
    const agent = newAgent();
    const desired = await joined(agent);
    const index = indexOf();
    await desired.delta([], [peer('c').name]);
    await holds(agent, 2);
    expect(peersOf()).toEqual([peer('b').publicKey]);
    await desired.delta([peer('c', { allowedIps: ['10.90.0.2/32'] })]);
    await until('it says no', () => told(desired, 'rejected').length > 0);
    expect(told(desired, 'rejected')[0]).toEqual({
      epoch: 1,
      revision: 3,
      held: 2,
      errors: [{ resource: peer('c').name, message: `10.90.0.2/32 belongs to ${peer('b').name} already` }],
    });
    expect((await agent.status()).revision).toBe(2);
    expect(peersOf()).toEqual([peer('b').publicKey]);
    await desired.delta([peer('c')]);
    await holds(agent, 4);
    expect(peersOf()).toHaveLength(2);
    expect(indexOf()).toBe(index);
  });

  test('a set that this machine contradicts is taken back, and told', async () => {
    const agent = newAgent();
    const desired = await joined(agent);
    ip('link', 'add', 'dev', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1');
    ip('link', 'set', 'dev', 'lan0', 'up');
    ip('route', 'add', '10.77.0.0/16', 'dev', 'lan0');
    await desired.delta([route('10.77.0.0/16')], [peer('c').name]);
    await until('it says no', () => told(desired, 'rejected').length > 0);
    expect(told(desired, 'rejected')[0]).toMatchObject({
      held: 1,
      errors: [{ resource: 'route/10.77.0.0/16', message: expect.stringContaining('another interface') }],
    });
    await until(
      'the last good set is back',
      async () => peersOf().length === 2 && (await agent.status()).drift.length === 0,
    );
    expect((await agent.status()).revision).toBe(1);
    ip('link', 'delete', 'dev', 'lan0');
  });

  test('drift that the kernel tells of is repaired when it is told, not with the look every half a minute', async () => {
    const agent = newAgent();
    await joined(agent);
    const healthy = () => until('it is repaired', async () => (await agent.status()).drift.length === 0);
    ip('address', 'delete', '10.90.0.1/32', 'dev', 'tmb0');
    await healthy();
    ip('link', 'set', 'dev', 'tmb0', 'down');
    await healthy();
    // Nobody tells of a peer, but the next look finds it: here the one for the address.
    wg('set', 'tmb0', 'peer', peer('c').publicKey, 'remove');
    ip('address', 'add', '10.90.0.99/32', 'dev', 'tmb0');
    await healthy();
    expect(peersOf()).toHaveLength(2);
    ip('link', 'delete', 'dev', 'tmb0');
    await until('the interface is back', isThere);
    await healthy();
  });

  test('stopped, the data plane stays; started, it is adopted as it is', async () => {
    const agent = newAgent();
    const desired = await joined(agent);
    const index = indexOf();
    await agent.stop();
    expect(peersOf()).toHaveLength(2);
    await desired.delta([], [peer('c').name]);
    agent.start('run');
    await holds(agent, 2);
    expect(indexOf()).toBe(index);
    expect(peersOf()).toEqual([peer('b').publicKey]);
  });

  test('after a reboot with no server the mesh comes up from disk, also from the copy of a damaged file', async () => {
    const agent = newAgent();
    const desired = await joined(agent);
    await desired.delta([], [peer('c').name]);
    await holds(agent, 2);
    await agent.stop();
    process.kill(broker.server.pid, 'SIGKILL');
    ip('link', 'delete', 'dev', 'tmb0');
    agent.start('run');
    await until('the mesh is up', async () => isThere() && (await agent.status()).drift.length === 0);
    expect(peersOf()).toEqual([peer('b').publicKey]);
    await agent.stop();
    ip('link', 'delete', 'dev', 'tmb0');
    truncateSync(join(agent.dir, 'state.json'), 300);
    expect((await agent.status()).drift).toEqual([
      expect.stringMatching(/state\.json is damaged .* the set before it is used/),
      'the interface tmb0 is missing',
    ]);
    agent.start('run');
    await until('the mesh is up', () => isThere() && peersOf().length === 2);
    await broker.restart();
    await holds(agent, 2);
    expect(peersOf()).toEqual([peer('b').publicKey]);
  });

  test('with no good file left, everything comes from the server', async () => {
    const agent = newAgent();
    await joined(agent);
    await agent.stop();
    writeFileSync(join(agent.dir, 'state.json'), 'nonsense');
    rmSync(join(agent.dir, 'state.previous.json'), { force: true });
    agent.start('run');
    await holds(agent, 1);
    expect(await agent.status()).toMatchObject({ revision: 1, drift: [] });
  });

  test('a login that is lost or refused is asked for anew', async () => {
    const agent = newAgent();
    const desired = await joined(agent);
    await agent.stop();
    rmSync(join(agent.dir, 'login.json'));
    await desired.delta([], [peer('c').name]);
    agent.start('run');
    await holds(agent, 2);
    await agent.stop();
    const login = JSON.parse(readFileSync(join(agent.dir, 'login.json'), 'utf8')) as { jwt: string };
    writeFileSync(join(agent.dir, 'login.json'), JSON.stringify({ ...login, jwt: `${login.jwt}x` }));
    await desired.delta([peer('c')]);
    agent.start('run');
    await holds(agent, 3);
  });

  test('a node that has joined takes the port that "up" is told, and keeps it; one that is taken changes nothing', async () => {
    const agent = newAgent();
    await joined(agent);
    const [index, before] = [indexOf(), portOf()];
    await agent.stop();
    const wanted = before === 61_500 ? 61_502 : 61_500;
    agent.start('up', '--listen-port', `${wanted}`);
    await until('it listens there', () => portOf() === wanted);
    await agent.stop();
    expect(indexOf()).toBe(index);
    expect(server.nodes.size).toBe(1);
    const socket = createSocket('udp4').bind(wanted + 1);
    await once(socket, 'listening');
    const taken = agent.command('up', '--listen-port', `${wanted + 1}`);
    await expect(taken).rejects.toMatchObject({ exit: 'failed', message: expect.stringContaining('is in use') });
    socket.close();
    expect((await agent.status()).drift).toEqual([]);
    expect(portOf()).toBe(wanted);
  });

  test("two agents on one machine: two interfaces, two states; neither takes the other's", async () => {
    const one = newAgent('tmb0');
    const two = newAgent('tmb1');
    await joined(one, set, '--name', 'one');
    await joined(two, [ownInterface({ addresses: ['10.91.0.1/32'] }), peer('b')], '--name', 'two');
    expect(portOf('tmb0')).not.toBe(portOf('tmb1'));
    // Nobody calls them from outside.
    expect(Math.min(portOf('tmb0'), portOf('tmb1'))).toBeGreaterThanOrEqual(61_000);
    const third = newAgent('tmb0');
    const refused = third.command('up', '--token', server.token(), '--name', 'three');
    await expect(refused).rejects.toMatchObject({ code: 'foreign' });
    expect(server.nodes.size).toBe(2);
    await two.stop();
    await two.command('leave');
    expect([isThere('tmb0'), isThere('tmb1')]).toEqual([true, false]);
    expect(peersOf('tmb0')).toHaveLength(2);
  });

  test('one process per state directory', async () => {
    const agent = newAgent();
    await joined(agent);
    await expect(agent.command('run')).rejects.toMatchObject({
      exit: 'failed',
      message: expect.stringContaining(`process ${process.pid}`),
    });
  });

  test('leaving removes the node there and everything here', async () => {
    const agent = newAgent();
    const desired = await joined(agent);
    await agent.stop();
    await agent.command('leave');
    expect(server.nodes.has(desired.nodeId)).toBe(false);
    expect([isThere(), existsSync(agent.dir), existsSync('/var/run/wireguard/tmb0.sock')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(ip('route', 'show', 'table', 'all', 'proto', '116')).toBe('');
    await expect(agent.command('leave')).rejects.toMatchObject({ exit: 'notFound' });
    await expect(agent.command('run')).rejects.toMatchObject({ exit: 'notFound' });
  });

  const gateway: Resource[] = [
    ownInterface({ forward: true }),
    peer('b', { allowedIps: ['0.0.0.0/0', '10.90.0.2/32', '::/0'], endpoint: '192.0.2.2:51820' }),
    route('10.90.0.0/16'),
    { name: 'nat/pods', kind: 'prefix', real: '10.42.0.0/16', virtual: '100.97.0.0/16' },
    { name: 'filter/drop', verdict: 'drop', sources: ['10.90.0.9/32'], destinations: ['0.0.0.0/0'] },
    { name: 'internet', outside: ['192.0.2.7/32'] },
    { name: `probe/${peerId('g')}`, address: null, port: null },
    { name: `probe/${peerId('h')}`, address: '127.0.0.1', port: 1 },
  ];
  const nft = (...args: string[]) => execFileSync('nft', args, { encoding: 'utf8' });
  const forwarding = '/proc/sys/net/ipv4/ip_forward';
  /** Everything of the host that a gateway touches. */
  const host = () => ({
    rules: ip('rule', 'show') + ip('-6', 'rule', 'show'),
    tables: nft('list', 'tables'),
    forwarding: readFileSync(forwarding, 'utf8'),
  });

  test('a gateway: translation, filter, forwarding, full tunnel and probes; put right when a hand changes them', async () => {
    const before = host();
    const agent = newAgent();
    const desired = await joined(agent, gateway);
    const healthy = () => until('it is repaired', async () => (await agent.status()).drift.length === 0);
    const status = await agent.status();
    expect(status).toMatchObject({ revision: 1, drift: [] });
    expect(status.drops).toEqual([
      { filter: 'filter/drop', packets: 0, bytes: 0 },
      { filter: 'unmatched', packets: 0, bytes: 0 },
    ]);
    expect(readFileSync(forwarding, 'utf8')).toBe('1\n');
    await until('it gives signs of life', () => told(desired, 'probe').length >= 2);
    expect(told(desired, 'probe')[0]).toEqual({
      gateways: [
        { gatewayId: peerId('g'), ok: true, detail: 'nothing to try' },
        { gatewayId: peerId('h'), ok: false, detail: expect.stringContaining('ECONNREFUSED') },
      ],
      handshakeAge: null,
    });
    for (const disturb of [
      () => nft('delete', 'table', 'inet', 'tombolo_tmb0'),
      () => nft('flush', 'chain', 'inet', 'tombolo_tmb0', 'cross'),
      () => nft('add', 'rule', 'inet', 'tombolo_tmb0', 'cross', 'accept'),
      () => writeFileSync(forwarding, '0'),
      () => ip('rule', 'delete', 'table', 'main', 'suppress_prefixlength', '0'),
      () => ip('route', 'flush', 'table', 'all', 'dev', 'tmb0', 'proto', '116'),
    ]) {
      disturb();
      await healthy();
    }
    await agent.stop();
    expect(nft('list', 'tables')).toContain('tombolo_tmb0');
    expect(readFileSync(forwarding, 'utf8')).toBe('1\n');
    agent.start('run');
    await holds(agent, 1);
    const names = new Set<string>(set.map(({ name }) => name));
    const extra = gateway.map(({ name }) => name).filter((name) => !names.has(name));
    await desired.delta(set, extra);
    await holds(agent, 2);
    expect(host()).toEqual(before);
    const count = told(desired, 'probe').length;
    await desired.delta(gateway);
    await until('it gives signs of life again', () => told(desired, 'probe').length > count);
    await holds(agent, 3);
    await agent.stop();
    await agent.command('leave');
    expect(host()).toEqual(before);
    expect(ip('route', 'show', 'table', 'all', 'proto', '116')).toBe('');
  });

  test('leaving without the server cleans up here and says what is left to do there', async () => {
    const agent = newAgent();
    await joined(agent, set, '--name', 'lonely');
    await agent.stop();
    server.next.push({ status: 503, body: {} });
    await agent.command('leave');
    expect(isThere()).toBe(false);
    expect(existsSync(agent.dir)).toBe(false);
    expect(agent.complaints).toEqual([expect.stringContaining('tombolo node delete prod/lonely')]);
  });

  test('--exit-after-apply: applied, told, ended; the tunnels stay', async () => {
    const agent = newAgent();
    agent.start('up', '--token', server.token(), '--exit-after-apply');
    await until('it has joined', () => existsSync(join(agent.dir, 'identity.json')));
    const desired = desiredOf(agent);
    desired.change(set);
    await desired.full();
    await agent.ended();
    await until('it has told', () => told(desired, 'applied').length === 1);
    expect(peersOf()).toHaveLength(2);
    await agent.command('up', '--exit-after-apply');
    expect(told(desired, 'applied')).toHaveLength(1);
  });
});
