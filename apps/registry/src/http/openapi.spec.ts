import { readFile, writeFile } from 'node:fs/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type AnsweredRequest, operationsOf, undocumented } from '../testing/openapi-answers.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

const FILE = 'docs/openapi.json';

let registry: TestRegistry;
let document: OpenAPIObject;
beforeAll(async () => {
  registry = await startRegistry();
  const answer = await registry.request('GET', '/api/openapi.json', { headers: { authorization: '' } });
  document = answer.body;
});
afterAll(() => registry.close());

test(`${FILE} is what the server serves; UPDATE_OPENAPI=1 writes it`, async () => {
  const text = JSON.stringify(document, null, 2) + '\n';
  if (process.env.UPDATE_OPENAPI) await writeFile(FILE, text);
  expect(await readFile(FILE, 'utf8')).toBe(text);
});

test('the page for people is served', async () => {
  const page = await registry.request('GET', '/api/docs', { headers: { authorization: '' } });
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  const [, script] = /src="\.\/(docs\/swagger-ui-bundle\.js)"/.exec(page.body) ?? [];
  expect((await fetch(`${registry.url}/api/${script}`)).status).toBe(200);
});

test('every operation says what it does, who may ask, and how it fails', () => {
  for (const { path, method, operation } of operationsOf(document)) {
    const name = `${method} ${path}`;
    expect([name, operation.summary]).toEqual([name, expect.any(String)]);
    if (operation.security?.some((one) => 'token' in one))
      expect([name, operation['x-role']]).toEqual([name, expect.stringMatching(/^(viewer|operator|admin)$/)]);
    expect([name, Object.keys(operation.responses.default!.content)]).toEqual([name, ['application/problem+json']]);
  }
});

test('what the server answers is what the document says, field by field', async () => {
  expect(undocumented(document, await walkThrough())).toEqual([]);
});

/** One of everything that the API can answer with JSON. */
async function walkThrough() {
  const answers: AnsweredRequest[] = [];
  const ask = async (request: string, body?: unknown, headers?: Record<string, string>) => {
    const [method, path] = request.split(' ') as [string, string];
    const answer = await registry.request(method, path, { body, ...(headers && { headers }) });
    answers.push({ request: `${method} ${path.split('?')[0]}`, answer });
    return answer.body;
  };
  await ask('POST /api/v1/networks', { name: 'prod' });
  await ask('POST /api/v1/networks', { name: 'Prod' });
  await ask('POST /api/v1/tokens', { name: 'ci', role: 'viewer' });
  const { keyId } = await ask('POST /api/v1/networks/prod/enrollment-keys', {
    uses: 5,
    labels: { role: 'web' },
    site: 'a',
  });
  const { bearer } = await registry.key('prod');
  const { node, nodeId } = await registry.enrol('prod', 'web-1', bearer);
  await ask('POST /api/v1/enroll', node.request, { authorization: `Bearer ${bearer}` });
  await registry.enrol('prod', 'web-2', bearer);
  const held = { epoch: 1, revision: 1, digest: '0'.repeat(32) };
  registry.reports.tell({
    nodeId,
    kind: 'heartbeat',
    body: { ...held, agentVersion: '0.1.0', backend: 'kernel', peers: 1, repairs: 0 },
  });
  registry.reports.tell({
    nodeId,
    kind: 'rejected',
    body: { epoch: 1, revision: 2, held: 1, errors: [{ resource: 'peer/x', message: 'no' }] },
  });
  await ask(`POST /api/v1/nodes/${nodeId}/credentials`, node.proof('refresh', nodeId, registry.clock.now()));
  const endpoints = [{ address: '192.0.2.1', port: 51820, kind: 'public' }];
  await ask('PATCH /api/v1/networks/prod/nodes/web-1', { endpoints });
  await ask('POST /api/v1/networks/prod/nodes/web-2/disable');
  await ask('POST /api/v1/networks/prod/nodes/web-2/enable');
  await ask('PATCH /api/v1/networks/prod', { mtu: 1300 });
  await ask('POST /api/v1/networks/prod/clusters', { name: 'berlin', pods: ['10.42.0.0/16'], model: 'archipelago' });
  await ask('PATCH /api/v1/networks/prod/clusters/berlin', { services: ['10.43.0.0/16'] });
  await ask('PUT /api/v1/networks/prod/clusters/berlin/members/web-1', { pods: ['10.42.1.0/24'] });
  await ask('POST /api/v1/networks/prod/plan', { commands: [{ command: 'node.delete', node: 'web-2' }] });
  await ask('POST /api/v1/sources', { name: 'cmdb', networks: ['prod'], allow: ['node.retire'] });
  for (const path of [
    'sources',
    'sources/cmdb',
    'networks?limit=1',
    'networks/prod',
    'networks/nowhere',
    'networks/prod/nodes',
    'networks/prod/nodes/web-1',
    'networks/prod/enrollment-keys',
    `networks/prod/enrollment-keys/${keyId}`,
    'networks/prod/clusters',
    'networks/prod/clusters/berlin',
    'networks/prod/clusters/berlin/translate?address=10.42.7.9',
    'networks/prod/events?limit=2',
    'networks/prod/topology',
    'networks/prod/diff?from=3&to=5',
    'networks/prod/status',
    'networks/prod/log/verify',
    'networks/system/events',
    'tokens',
  ])
    await ask(`GET /api/v1/${path}`);
  await ask('GET /healthz');
  return answers;
}
