import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type AnsweredRequest, undocumented } from '../../apps/registry/src/testing/openapi-answers.js';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
beforeEach(async () => void (api = await startApi()));
afterEach(() => api.close());

test('what is answered of gateways, links, clients and publications is what the document says, field by field', async () => {
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: null } });
  const { nodeId } = await api.enrol('prod', 'gw-1');
  await api.enrol('prod', 'gw-2');
  await api.prod('PATCH', 'nodes/gw-1', { endpoints: [{ address: '203.0.113.7', port: 51820, kind: 'public' }] });
  const answers: AnsweredRequest[] = [];
  const ask = async (request: string, body?: object) => {
    const [method, path] = request.split(' ') as [string, string];
    const answer = await api.prod(method, path, body);
    expect([request, answer.status]).toEqual([request, expect.any(Number)]);
    answers.push({ request: `${method} /api/v1/networks/prod/${path.split('?')[0]}`, answer });
    return answer.body;
  };
  const ranges = { pods: ['10.42.0.0/16'], services: ['10.43.0.0/16'], model: 'archipelago' };
  for (const name of ['berlin', 'paris']) await ask('POST clusters', { name, ...ranges });
  const link = await ask('POST cluster-links', { a: 'berlin', b: 'paris' });
  const probe = { address: '10.42.0.1', port: 443 };
  const door = { name: 'berlin-door', kind: 'cluster', cluster: 'berlin', nodes: ['gw-1', 'gw-2'], probe };
  const { gatewayId } = await ask('POST gateways', door);
  await ask('PATCH gateways/berlin-door', { probe: { address: '10.42.0.2' } });
  await ask('POST gateways/berlin-door/drain', { node: 'gw-2' });
  await ask('POST gateways', { name: 'door', kind: 'ingress', nodes: ['gw-1'] });
  await ask('POST gateways', door);
  await ask('POST gateways', { ...door, colour: 'red' });
  const publicKey = 'HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=';
  await ask('POST clients', { name: 'phone', publicKey, gateway: 'door' });
  await ask('POST gateways', {
    name: 'out',
    kind: 'internet',
    nodes: ['gw-2'],
    users: { clients: ['phone'], nodes: ['gw-1'] },
  });
  const service = { address: '10.43.0.1', port: 80 };
  const publication = await ask('POST publications', { cluster: 'berlin', service, mesh: { port: 80 } });
  api.probe(nodeId, { gateways: [{ gatewayId, ok: true, detail: 'answers' }], handshakeAge: 3 });
  for (const path of [
    'clusters',
    'clusters/berlin',
    'clusters/berlin/translate?address=10.42.7.9',
    'cluster-links?limit=1',
    `cluster-links/${link.linkId}`,
    'gateways',
    'gateways/out',
    'gateways/nowhere',
    'clients',
    'clients/phone',
    'clients/phone/config',
    'publications',
    `publications/${publication.publicationId}`,
    'topology',
    'status',
  ])
    await ask(`GET ${path}`);
  await ask('POST plan', { commands: [{ command: 'gateway.drain', gateway: 'out', node: 'gw-2' }] });
  api.gatewayManager(false);
  await ask('POST cluster-links', { a: 'berlin', b: 'paris' });
  await ask('GET status');
  const { body: document } = await api.request('GET', '/api/openapi.json');
  expect(undocumented(document, answers)).toEqual([]);
});

test('every field that a request may have says what it is, and every list how long it may be', async () => {
  const { body: document } = await api.request('GET', '/api/openapi.json');
  const requests = Object.entries<Schema>(document.components.schemas).filter(([name]) => /Body|Command$/.test(name));
  const silent = requests.flatMap(([name, { properties = {} }]) =>
    Object.entries(properties)
      .filter(([, field]) => !field.description || (field.type === 'array' && field.maxItems === undefined))
      .map(([field]) => `${name}.${field}`),
  );
  expect([requests.length > 20, silent]).toEqual([true, []]);
});

interface Schema {
  properties?: Record<string, { description?: string; type?: string; maxItems?: number }>;
}
