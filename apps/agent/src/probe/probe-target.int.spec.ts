import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { inOwnNamespace } from '../../../../test/support/own-namespace.js';
import { SideMachine } from '#wireguard/testing/side-machine.js';
import { probeTarget } from './probe-target.js';

inOwnNamespace(import.meta.url, () => {
  let lan: SideMachine;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    lan = await SideMachine.create();
    SideMachine.here.cable('lan', lan, 'eth0');
    SideMachine.here.ip('address add 10.0.0.1/24 dev lan', 'address add fd00::1/64 dev lan nodad');
    lan.ip('address add 10.0.0.5/24 dev eth0', 'address add fd00::5/64 dev eth0 nodad');
    await lan.answer('tcp', '10.0.0.5', 5432);
    server = createServer().listen(0, '10.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as { port: number }).port;
  });
  afterAll(() => {
    server.close();
    lan.destroy();
  });

  test.each([
    ['ICMP', { address: '10.0.0.5', port: null }],
    ['ICMP over IPv6', { address: 'fd00::5', port: null }],
    ['TCP', { address: '10.0.0.5', port: 5432 }],
  ])('%s: answered', async (_, target) => {
    expect(await probeTarget(target, 'tmb0')).toEqual({
      ok: true,
      detail: expect.stringMatching(/^answered in \d+ ms$/),
    });
  });

  test('an address of its own counts: what listens on the member itself is behind it', async () => {
    expect(await probeTarget({ address: '10.0.0.1', port }, 'tmb0')).toMatchObject({ ok: true });
  });

  test.each([
    ['nobody listens', { address: '10.0.0.5', port: 1 }, /ECONNREFUSED/],
    ['no route', { address: '192.0.2.9', port: null }, 'no route to 192.0.2.9'],
  ])('%s', async (_, target, detail) => {
    expect(await probeTarget(target, 'tmb0')).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  });

  test('what would go through the mesh is not tried', async () => {
    const outcome = await probeTarget({ address: '10.0.0.5', port: 5432 }, 'lan');
    expect(outcome).toEqual({ ok: false, detail: 'the way to 10.0.0.5 leads through the mesh' });
  });

  test.each([[null], [5432]])('a dead LAN: no answer in time (port %s)', async (onPort) => {
    execFileSync('ip', ['neighbour', 'replace', '10.0.0.66', 'lladdr', '02:00:00:00:00:66', 'dev', 'lan']);
    const outcome = await probeTarget({ address: '10.0.0.66', port: onPort }, 'tmb0');
    expect(outcome).toEqual({ ok: false, detail: 'no answer within 400 ms' });
  });
});
