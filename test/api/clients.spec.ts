import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nacl from 'tweetnacl';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
let publicKey: string;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: 'fd12::/64' } });
  const { node } = await api.enrol('prod', 'gw-1');
  publicKey = node.request.publicKey;
  await api.enrol('prod', 'gw-2');
  await api.prod('POST', 'gateways', { name: 'door', kind: 'ingress', nodes: ['gw-1'] });
});
afterEach(() => api.close());

const newKey = () => Buffer.from(nacl.box.keyPair.fromSecretKey(randomBytes(32)).publicKey).toString('base64');
const create = (body: object = {}) =>
  api.prod('POST', 'clients', { name: 'phone', publicKey: newKey(), gateway: 'door', ...body });
const giveEndpoint = (endpoint: object) =>
  api.prod('PATCH', 'nodes/gw-1', { endpoints: [{ address: '192.0.2.7', port: 51820, kind: 'public', ...endpoint }] });

test('a client gets addresses and may reach the network unless it says less', async () => {
  const created = await create();
  expect(created).toMatchObject({
    status: 201,
    body: {
      name: 'phone',
      addresses: [expect.stringMatching(/^10\.90\.0\.\d+$/), expect.stringMatching(/^fd12::/)],
      gateway: { gatewayId: expect.any(String), name: 'door' },
      allowed: ['10.90.0.0/24', 'fd12::/64'],
    },
  });
  expect((await create({ name: 'laptop', allowed: ['10.90.0.1/32'] })).body.allowed).toEqual(['10.90.0.1/32']);
  expect((await api.prod('GET', 'clients/phone')).body).toEqual(created.body);
  expect((await api.prod('GET', `clients/${created.body.clientId}`)).headers.get('etag')).toBe(
    `"${created.body.version}"`,
  );
  expect((await api.prod('GET', 'clients')).body.items.map(({ name }: { name: string }) => name)).toEqual([
    'laptop',
    'phone',
  ]);
});

test('its config is whole for wg-quick but for the private key, which nobody here has', async () => {
  const { body: client } = await create();
  await giveEndpoint({});
  const { status, body } = await api.prod('GET', 'clients/phone/config');
  const [v4, v6] = client.addresses;
  expect(status).toBe(200);
  expect(body).toMatchObject({
    addresses: [`${v4}/32`, `${v6}/128`],
    mtu: 1420,
    allowedIps: ['10.90.0.0/24', 'fd12::/64'],
    keepalive: 25,
    peer: { publicKey, endpoint: '192.0.2.7:51820' },
    dns: null,
  });
  expect(body.text).toBe(
    [
      '# phone',
      '[Interface]',
      'PrivateKey = ',
      `Address = ${v4}/32, ${v6}/128`,
      'MTU = 1420',
      '',
      '[Peer]',
      `PublicKey = ${publicKey}`,
      'AllowedIPs = 10.90.0.0/24, fd12::/64',
      'Endpoint = 192.0.2.7:51820',
      'PersistentKeepalive = 25',
      '',
    ].join('\n'),
  );
});

test('its config sends everything through an internet gateway that it uses', async () => {
  await create();
  await giveEndpoint({ address: '2001:db8::7' });
  await api.prod('POST', 'gateways', { name: 'out', kind: 'internet', nodes: ['gw-2'], users: { clients: ['phone'] } });
  const { body } = await api.prod('GET', 'clients/phone/config');
  expect([body.allowedIps, body.peer.endpoint]).toEqual([['0.0.0.0/0', '::/0'], '[2001:db8::7]:51820']);
});

test('there is no config while the serving node has no public endpoint, or no node serves', async () => {
  await create();
  const config = () => api.refused('clients/phone/config', undefined, 'GET');
  expect(await config()).toMatchObject({
    status: 409,
    code: 'no_endpoint',
    detail: expect.stringMatching(/gw-1.*door/),
  });
  await giveEndpoint({ kind: 'lan', address: '192.168.1.7' });
  expect(await config()).toMatchObject({ code: 'no_endpoint' });
  await api.prod('DELETE', 'nodes/gw-1');
  expect(await config()).toMatchObject({
    status: 409,
    code: 'gateway_inactive',
    detail: expect.stringContaining('door'),
  });
});

test('a revoked client is gone, its name and key are free, and no internet gateway names it', async () => {
  const body = { publicKey: newKey() };
  await create(body);
  await api.prod('POST', 'gateways', { name: 'out', kind: 'internet', nodes: ['gw-2'], users: { clients: ['phone'] } });
  const revoke = () => api.prod('DELETE', 'clients/phone', undefined, { 'idempotency-key': 'k' });
  expect([(await revoke()).status, (await revoke()).status]).toEqual([204, 204]);
  expect((await api.prod('GET', 'clients/phone')).status).toBe(404);
  expect((await api.prod('GET', 'gateways/out')).body.users.clients).toEqual([]);
  expect((await create(body)).status).toBe(201);
  expect((await revoke()).status).toBe(204);
  expect((await api.prod('GET', 'clients/phone')).status).toBe(200);
});

describe('refused', () => {
  test.each([
    ['a key that is none', { publicKey: 'secret' }, '422 invalid publicKey'],
    ['a private key field', { privateKey: 'x' }, '422 invalid privateKey'],
    ['a name that is none', { name: 'My Phone' }, '422 invalid name'],
    ['a name of a node', { name: 'gw-1' }, '409 name_taken'],
    ['an unknown gateway', { gateway: 'back' }, '404 not_found gateway'],
    ['allowed nothing', { allowed: [] }, '422 invalid allowed'],
    ['allowed with host bits', { allowed: ['10.90.0.0/24', '10.90.0.1/24'] }, '422 cidr_invalid allowed[1]'],
    ['allowed as text', { allowed: '10.90.0.0/24' }, '422 invalid allowed'],
    ['65 ranges', { allowed: Array.from({ length: 65 }, (_, i) => `10.90.0.${i}/32`) }, '422 invalid allowed'],
  ])('is %s', async (_what, body, expected) => {
    const [status, code, field] = expected.split(' ');
    const answer = await api.refused('clients', { name: 'phone', publicKey: newKey(), gateway: 'door', ...body });
    expect(answer).toMatchObject({ status: Number(status), code });
    if (field) expect(answer.fields).toContain(field);
  });

  test('are names and keys that others have, naming them', async () => {
    const { body: phone } = await create();
    const client = { name: 'other', publicKey: newKey(), gateway: 'door' };
    expect(await api.refused('clients', { ...client, name: 'phone' })).toMatchObject({
      status: 409,
      code: 'name_taken',
      detail: expect.stringContaining(phone.clientId),
    });
    expect(await api.refused('clients', { ...client, publicKey: phone.publicKey })).toMatchObject({
      status: 409,
      code: 'public_key_taken',
      detail: expect.stringContaining('phone'),
    });
    expect(await api.refused('clients', { ...client, publicKey })).toMatchObject({
      code: 'public_key_taken',
      detail: expect.stringContaining('gw-1'),
    });
  });

  test('are a gateway of another kind, and the removal of one with clients, unless it is forced', async () => {
    await create();
    await api.prod('POST', 'gateways', { name: 'office', kind: 'egress', nodes: ['gw-1'], ranges: ['10.20.0.0/16'] });
    const behindOffice = { name: 'other', publicKey: newKey(), gateway: 'office' };
    expect(await api.refused('clients', behindOffice)).toMatchObject({
      status: 422,
      code: 'invalid',
      detail: expect.stringMatching(/office.*egress.*ingress/),
    });
    expect(await api.refused('gateways/door', undefined, 'DELETE')).toMatchObject({
      status: 409,
      code: 'in_use',
      detail: expect.stringContaining('phone'),
    });
    expect((await api.prod('DELETE', 'gateways/door?force=true')).status).toBe(204);
    expect((await api.prod('GET', 'clients')).body.items).toEqual([]);
  });
});
