import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
let doorAddress: string;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: null } });
  const { answer } = await api.enrol('prod', 'door-1');
  doorAddress = answer.body.addresses[0];
  await api.enrol('prod', 'web-1');
  const ranges = { pods: ['10.42.0.0/16'], services: ['10.43.0.0/16'] };
  await api.prod('POST', 'clusters', { name: 'berlin', model: 'island', ...ranges });
  await api.prod('POST', 'clusters', { name: 'paris', model: 'archipelago', pods: ['10.52.0.0/16'] });
  await api.prod('POST', 'gateways', { name: 'berlin-door', kind: 'cluster', cluster: 'berlin', nodes: ['door-1'] });
});
afterEach(() => api.close());

const web = { cluster: 'berlin', service: { address: '10.43.0.10', port: 443 }, mesh: { port: 443 } };
const publish = (body: object = {}) => api.prod('POST', 'publications', { ...web, ...body });

test('a service gets a free mesh address, or the one that is named, or that of the door', async () => {
  const first = await publish();
  expect(first).toMatchObject({
    status: 201,
    body: {
      cluster: { name: 'berlin' },
      protocol: 'tcp',
      service: { address: '10.43.0.10', port: 443 },
      mesh: { address: expect.stringMatching(/^10\.90\.0\./), port: 443 },
    },
  });
  expect((await publish({ mesh: { port: 80 } })).body.mesh.address).toBe(first.body.mesh.address);
  expect((await publish({ mesh: { address: '10.90.0.200', port: 443 } })).body.mesh.address).toBe('10.90.0.200');
  expect((await publish({ mesh: { address: doorAddress, port: 443 } })).body.mesh.address).toBe(doorAddress);
  expect((await publish({ protocol: 'udp' })).body.protocol).toBe('udp');
  const { body } = await api.prod('GET', 'publications?limit=4');
  expect(body.items).toHaveLength(4);
  expect((await api.prod('GET', `publications?cursor=${body.nextCursor}`)).body).toMatchObject({
    items: [{ protocol: 'udp' }],
    nextCursor: null,
  });
  expect((await api.prod('GET', `publications/${first.body.publicationId}`)).body).toEqual(first.body);
});

test('a withdrawn service is gone, and its address and port are free', async () => {
  const { body } = await publish({ mesh: { address: doorAddress, port: 443 } });
  const path = `publications/${body.publicationId}`;
  const withdraw = () => api.prod('DELETE', path, undefined, { 'idempotency-key': 'k' });
  expect([(await withdraw()).status, (await withdraw()).status]).toEqual([204, 204]);
  expect((await api.prod('GET', path)).status).toBe(404);
  expect((await publish({ mesh: { address: doorAddress, port: 443 } })).status).toBe(201);
});

describe('refused', () => {
  test.each([
    ['an unknown cluster', { cluster: 'oslo' }, '404 not_found cluster'],
    ['an unknown field', { as: 'x' }, '422 invalid as'],
    ['no service', { service: undefined }, '422 invalid service'],
    ['a service without port', { service: { address: '10.43.0.10' } }, '422 invalid service.port'],
    ['port 0', { mesh: { port: 0 } }, '422 invalid mesh.port'],
    ['port 65536', { service: { address: '10.43.0.10', port: 65536 } }, '422 invalid service.port'],
    ['a service by name', { service: { address: 'web', port: 443 } }, '422 invalid service.address'],
    ['a service elsewhere', { service: { address: '10.99.0.1', port: 443 } }, '422 invalid service.address'],
    ['an address outside the mesh', { mesh: { address: '10.20.0.1', port: 443 } }, '422 invalid mesh.address'],
    ['another protocol', { protocol: 'sctp' }, '422 invalid protocol'],
  ])('is %s', async (_what, body, expected) => {
    const [status, code, field] = expected.split(' ');
    const answer = await api.refused('publications', { ...web, ...body });
    expect(answer).toMatchObject({ status: Number(status), code });
    expect(answer.fields).toContain(field);
  });

  test('are a taken address and port, naming who has it', async () => {
    const { body: first } = await publish();
    expect(await api.refused('publications', { ...web, mesh: first.mesh })).toMatchObject({
      status: 409,
      code: 'address_port_taken',
      detail: expect.stringContaining(first.publicationId),
    });
    const { body: node } = await api.prod('GET', 'nodes/web-1');
    expect(
      await api.refused('publications', { ...web, mesh: { address: node.addresses[0], port: 443 } }),
    ).toMatchObject({
      status: 409,
      code: 'address_port_taken',
      detail: expect.stringContaining('web-1'),
    });
  });

  test.each(['flat', 'isolated'])('is a service of a cluster that is %s', async (model) => {
    await api.prod('POST', 'clusters', { name: 'alone', model, pods: ['10.60.0.0/16'] });
    const service = { address: '10.60.0.1', port: 80 };
    expect(await api.refused('publications', { ...web, cluster: 'alone', service })).toMatchObject({
      status: 409,
      code: 'model_forbids',
      detail: expect.stringContaining('alone'),
    });
  });

  test('is what would break a cluster that publishes', async () => {
    await publish();
    expect(await api.refused('clusters/berlin', { model: 'isolated' }, 'PATCH')).toMatchObject({
      code: 'model_forbids',
    });
    await api.prod('DELETE', 'gateways/berlin-door');
    expect(await api.refused('clusters/berlin', undefined, 'DELETE')).toMatchObject({ status: 409, code: 'in_use' });
  });
});
