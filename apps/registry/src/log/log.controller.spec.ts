import { eventually } from '../testing/eventually.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
});
afterEach(() => registry.close());

describe('verification', () => {
  test.each(['prod', 'system'])('of %s finds an untouched log whole', async (network) => {
    const { status, body } = await registry.request('GET', `/api/v1/networks/${network}/log/verify`);
    const { body: events } = await registry.request('GET', `/api/v1/networks/${network}/events`);
    const last = events.items.at(-1);
    expect([status, body]).toEqual([200, { ok: true, facts: last.version, head: last.hash }]);
  });

  test('names the first fact that was changed', async () => {
    await registry.enrol('prod', 'a');
    const { store } = registry.options;
    const read = store.read.bind(store);
    store.read = async (stream, options) =>
      (await read(stream, options)).map((fact) =>
        fact.type === 'EnrolmentKeyCreated' ? { ...fact, data: { ...fact.data, uses: 1_000 } } : fact,
      );
    const { body } = await registry.request('GET', '/api/v1/networks/prod/log/verify');
    expect(body).toMatchObject({ ok: false, facts: 1, brokenAt: 2, reason: expect.stringContaining('changed') });
  });
});

describe('refused commands', () => {
  const refusals = async () =>
    (await registry.request('GET', '/api/v1/networks/system/events?types=CommandRejected')).body.items;

  test('are noted with who, what and why, one a second at most', async () => {
    for (let i = 0; i < 5; i++) await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
    await eventually(async () =>
      expect(await refusals()).toEqual([
        expect.objectContaining({
          data: { actor: 'token/admin', command: 'POST /api/v1/networks', code: 'name_taken', network: null },
        }),
      ]),
    );
    registry.clock.advance(1_000);
    const viewer = await registry.tokenOf('viewer');
    const headers = { authorization: `Bearer ${viewer}` };
    await registry.request('PATCH', '/api/v1/networks/prod', { body: { mtu: 1300 }, headers });
    await eventually(async () =>
      expect((await refusals()).at(-1).data).toEqual({
        actor: 'token/viewer',
        command: 'PATCH /api/v1/networks/:network',
        code: 'forbidden',
        network: 'prod',
      }),
    );
    expect((await registry.request('GET', '/metrics')).body).toContain('rejected_commands_total{code="name_taken"} 5');
  });

  test('do not include what was merely misspelt, not found, or asked without a token', async () => {
    await registry.request('POST', '/api/v1/networks', { body: { name: 'B!' } });
    await registry.request('GET', '/api/v1/networks/nowhere');
    await registry.request('GET', '/api/v1/networks', { headers: { authorization: '' } });
    expect(await refusals()).toEqual([]);
    expect((await registry.request('GET', '/metrics')).body).not.toContain('rejected_commands_total{');
  });
});
