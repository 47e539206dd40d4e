import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { UnreliableStore } from '../testing/unreliable-store.js';
import { PROBLEMS } from './problem.js';

let registry: TestRegistry;
beforeAll(async () => (registry = await startRegistry()));
afterAll(() => registry.close());

const post = (text: string, headers: Record<string, string> = {}) =>
  registry.request('POST', '/api/v1/networks', { text, headers });

describe('every error is a problem document', () => {
  test.each([
    ['malformed JSON', () => post('{"name":'), 400, 'malformed'],
    ['no body at all', () => post(''), 400, 'malformed'],
    ['a prototype in disguise', () => post('{"name":"prod","__proto__":{"admin":true}}'), 400, 'malformed'],
    ['a body that is no object', () => post('["prod"]'), 422, 'invalid'],
    ['a body that is null', () => post('null'), 422, 'invalid'],
    ['a number beyond all numbers', () => post('{"name":"prod","mtu":1e999}'), 422, 'invalid'],
    ['plain text', () => post('name=prod', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
    [
      'a form',
      () => post('name=prod', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported_media_type',
    ],
    ['a body over the limit', () => post(JSON.stringify({ name: 'x'.repeat(256 * 1024) })), 413, 'too_large'],
    ['an unknown route', () => registry.request('GET', '/api/v1/nothing'), 404, 'not_found'],
    ['an unknown method of a route', () => registry.request('PUT', '/api/v1/networks'), 404, 'not_found'],
    ['a path that cannot be decoded', () => registry.request('GET', '/api/v1/networks/%zz'), 400, 'malformed'],
    [
      'no token',
      () => registry.request('GET', '/api/v1/networks', { headers: { authorization: '' } }),
      401,
      'unauthorized',
    ],
  ])('%s', async (_, attempt, status, code) => {
    const { body, headers, status: answered } = await attempt();
    expect([answered, body.code]).toEqual([status, code]);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      type: `urn:tombolo:problem:${code}`,
      status,
      title: expect.any(String),
      detail: expect.any(String),
    });
  });

  test('a body just under the limit is read', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(256 * 1024 - 20) }));
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
    expect(JSON.stringify(answer.body).length).toBeLessThan(2_000);
  });

  test('nesting of any depth is refused, not followed', async () => {
    const deep = (open: string, close: string, depth: number) => open.repeat(depth) + '1' + close.repeat(depth);
    for (const text of [`{"name":${deep('[', ']', 100_000)}}`, `{"labels":${deep('{"a":', '}', 30_000)}}`]) {
      const network = await post(text);
      const node = await registry.request('PATCH', '/api/v1/networks/none/nodes/none', { text });
      for (const { status } of [network, node]) expect([400, 404, 422]).toContain(status);
    }
  });

  test.each([
    ['GARBAGE\r\n\r\n', 400, 'malformed'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400, 'malformed'],
  ])('what is not HTTP: %.30s', async (text, status, code) => {
    const answer = await rawRequest(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status, code });
  });

  test('docs/http.md names every code with its status, and no other', async () => {
    const rows = (await readFile('docs/http.md', 'utf8')).matchAll(/^\| (\d{3}) \| (.*?) \|/gm);
    const documented = [...rows].flatMap(([, status, codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => [code, Number(status)]),
    );
    const known = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(known));
  });
});

test('without the log writes and histories are a 503 that says when to come back, and what is known can be read', async () => {
  const store = new UnreliableStore();
  const cut = await startRegistry({ store });
  expect((await cut.request('POST', '/api/v1/networks', { body: { name: 'prod' } })).status).toBe(201);
  const reads = [
    '/api/v1/networks',
    '/api/v1/networks/prod',
    '/api/v1/networks/prod/nodes',
    '/api/v1/networks/prod/status',
  ];
  const before = await Promise.all(reads.map((path) => cut.request('GET', path)));
  store.pull();
  try {
    for (const [method, path, body] of [
      ['POST', '/api/v1/networks', { name: 'other' }],
      ['PATCH', '/api/v1/networks/prod', { mtu: 1300 }],
      ['GET', '/api/v1/networks/prod/events', undefined],
      ['GET', '/readyz', undefined],
    ] as const) {
      const answer = await cut.request(method, path, { body });
      expect([path, answer.status, answer.body.code]).toEqual([path, 503, 'unavailable']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    for (const [i, path] of reads.entries()) {
      const { status, body } = await cut.request('GET', path);
      expect([path, status, body]).toEqual([path, 200, before[i]!.body]);
    }
    expect((await cut.request('GET', '/healthz')).status).toBe(200);
    store.failure = undefined;
    expect((await cut.request('POST', '/api/v1/networks', { body: { name: 'other' } })).status).toBe(201);
  } finally {
    await cut.close();
  }
});

test('an unforeseen error tells the client nothing and the log everything', async () => {
  const store = new UnreliableStore();
  const failing = await startRegistry({ store });
  store.failure = new Error('secret detail of the inside');
  try {
    const answer = await failing.request('GET', '/api/v1/networks');
    expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(answer.body)).not.toContain('inside');
    expect(failing.logLines.join()).toContain('secret detail of the inside');
  } finally {
    await failing.close();
  }
});

test('readiness names the part that is not fit', async () => {
  const unfit = await startRegistry({
    readiness: [{ name: 'outbox', check: () => Promise.reject(new Error('12000 facts wait for the broker')) }],
  });
  const { status, body } = await unfit.request('GET', '/readyz');
  expect([status, body.detail]).toEqual([503, 'Not ready: outbox: 12000 facts wait for the broker.']);
  await unfit.close();
});

function rawRequest(text: string): Promise<string> {
  const { hostname, port } = new URL(registry.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
