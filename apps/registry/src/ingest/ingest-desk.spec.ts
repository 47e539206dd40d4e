import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Unavailable } from '#contracts/errors.js';
import { COMMAND_AHEAD_MS, COMMAND_LASTS_MS, commandText, type SignedCommand } from '#contracts/sources.js';
import { operator } from '../../../../test/support/operator.js';
import { secretHash } from '../auth/api-token.js';
import { eventually } from '../testing/eventually.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { UnreliableStore } from '../testing/unreliable-store.js';

let registry: TestRegistry;
let network = '';
let count = 0;

beforeAll(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'other', cidr: '10.99.0.0/16' } });
});
afterAll(() => registry.close());
beforeEach(async () => {
  network = `net-${++count}`;
  await registry.request('POST', '/api/v1/networks', { body: { name: network, cidr: `10.${count}.0.0/16` } });
});

const everything = ['node.offer', 'node.labels', 'node.disable', 'node.enable', 'node.retire', 'cluster.report'];

async function source(name: string, allow = everything, networks = [network]) {
  const answer = await registry.request('POST', '/api/v1/sources', { body: { name, networks, allow } });
  expect(answer.status).toBe(201);
  return answer.body as { name: string; sourceId: string; credentials: string };
}

const event = (type: string, data: object, id = `id-${++count}`) => ({
  specversion: '1.0',
  id,
  source: '/test',
  type: `tombolo.${type}`,
  data: { network, ...data },
});
const send = async (name: string, message: unknown) => (await registry.ingest.send(name, message)).result;
const facts = async () => {
  const { body } = await registry.request('GET', `/api/v1/networks/${network}/events?limit=1000`);
  return body.items as { version: number; type: string; data: Record<string, unknown>; metadata: { actor: string } }[];
};

describe('commands', () => {
  test('node.offer: a key for one machine, of a secret that the source alone knows', async () => {
    const { name } = await source(`offer-${count}`);
    const secret = randomBytes(32).toString('base64url');
    const offer = { secretHash: secretHash(secret), labels: { rack: 'b4' }, site: 'berlin', expiresIn: 3600 };
    const result = await send(name, event('node.offer', offer, 'machine-1'));
    expect(result).toEqual({
      id: 'machine-1',
      outcome: 'accepted',
      events: [2],
      answer: {
        keyId: expect.any(String),
        expiresAt: '2026-11-20T13:00:00.000Z',
        url: 'http://127.0.0.1:8080',
        pin: null,
      },
    });
    const bearer = `${String(result.answer?.keyId)}.${secret}`;
    expect((await registry.enrol(network, 'other', `${bearer}x`)).answer.status).toBe(401);
    expect((await registry.enrol(network, 'web', bearer)).answer.status).toBe(201);
    const { body } = await registry.request('GET', `/api/v1/networks/${network}/nodes/web`);
    expect(body).toMatchObject({ labels: { rack: 'b4' }, site: 'berlin' });
    expect((await registry.enrol(network, 'second', bearer)).answer.body.code).toBe('key_exhausted');
  });

  test('node.labels, node.disable, node.enable, node.retire: what the API does, by whom', async () => {
    const { name } = await source(`lifecycle-${count}`);
    const { nodeId } = await registry.enrol(network, 'web');
    const node = 'web';
    for (const one of [
      event('node.labels', { node, labels: { role: 'db' } }),
      event('node.disable', { node: nodeId }),
      event('node.enable', { node }),
      event('node.retire', { node }),
    ])
      expect(await send(name, one)).toMatchObject({ outcome: 'accepted', events: [expect.any(Number)] });
    const made = (await facts()).filter(({ metadata }) => metadata.actor === `source/${name}`);
    expect(made.map(({ type, data }) => [type, data])).toEqual([
      ['NodeChanged', { nodeId, changes: { labels: { role: 'db' } } }],
      ['NodeDisabled', { nodeId }],
      ['NodeEnabled', { nodeId }],
      ['NodeRemoved', { nodeId, reason: 'external' }],
    ]);
    expect(await send(name, event('node.retire', { node: nodeId }))).toMatchObject({ outcome: 'accepted', events: [] });
    expect(await send(name, event('node.retire', { node }))).toMatchObject({ outcome: 'rejected', code: 'not_found' });
  });

  test('cluster.report: the same report again makes no fact; who is no node is named', async () => {
    const { name } = await source(`cluster-${count}`);
    await registry.enrol(network, 'worker-1');
    const report = {
      cluster: 'berlin',
      pods: ['10.42.0.0/16'],
      services: ['10.43.0.0/16'],
      model: 'archipelago',
      members: [{ node: 'worker-1', pods: ['10.42.1.0/24'] }, { node: 'worker-2' }],
    };
    const first = await send(name, event('cluster.report', report));
    expect(first).toMatchObject({
      outcome: 'accepted',
      events: [expect.any(Number), expect.any(Number)],
      detail: expect.stringMatching(/no such nodes: worker-2/),
      answer: { clusterId: expect.any(String), unknownNodes: ['worker-2'] },
    });
    expect(await send(name, event('cluster.report', report))).toMatchObject({ outcome: 'accepted', events: [] });
    const { body } = await registry.request('GET', `/api/v1/networks/${network}/clusters/berlin`);
    expect(body.members).toMatchObject([{ name: 'worker-1', pods: ['10.42.1.0/24'] }]);
  });
});

describe('the id is the idempotency key', () => {
  test('again: a duplicate with the first answer; with other content: refused; from another source: another command', async () => {
    const [one, two] = [await source(`one-${count}`), await source(`two-${count}`)];
    await registry.enrol(network, 'web');
    const command = event('node.labels', { node: 'web', labels: { a: '1' } }, 'same');
    const first = await send(one.name, command);
    expect(first).toMatchObject({ outcome: 'accepted', events: [expect.any(Number)] });
    expect(await send(one.name, command)).toEqual({ ...first, outcome: 'duplicate' });
    const other = event('node.labels', { node: 'web', labels: { a: '2' } }, 'same');
    expect(await send(one.name, other)).toMatchObject({ id: 'same', code: 'idempotency_mismatch' });
    expect(await send(two.name, other)).toMatchObject({ outcome: 'accepted', events: [expect.any(Number)] });
    expect((await facts()).filter(({ type }) => type === 'NodeChanged')).toHaveLength(2);
  });

  test('two replicas that get it at once make one fact of it', async () => {
    const { name } = await source(`twice-${count}`);
    await registry.enrol(network, 'web');
    const replica = await registry.replica();
    const command = event('node.disable', { node: 'web' });
    const both = await Promise.all([registry, replica].map(({ ingest }) => ingest.send(name, command)));
    expect(both.map(({ result }) => result.outcome).sort()).toEqual(['accepted', 'duplicate']);
    expect((await facts()).filter(({ type }) => type === 'NodeDisabled')).toHaveLength(1);
    await replica.close();
  });

  test('what was refused was not done, and may be sent again', async () => {
    const { name } = await source(`again-${count}`);
    const command = event('node.disable', { node: 'late' });
    expect(await send(name, command)).toMatchObject({ outcome: 'rejected', code: 'not_found' });
    await registry.enrol(network, 'late');
    expect(await send(name, command)).toMatchObject({ outcome: 'accepted' });
  });
});

describe('rights', () => {
  test.each<[string, object, RegExp]>([
    ['a command that it was not made for', event('node.retire', { node: 'web' }), /may not send tombolo\.node\.retire/],
    [
      'a network that is not its own',
      event('node.disable', { network: 'other', node: 'x' }),
      /may not act on network "other"/,
    ],
    [
      'a network that there is not',
      event('node.disable', { network: 'none', node: 'x' }),
      /may not act on network "none"/,
    ],
  ])('refused: %s', async (_, command, detail) => {
    const { name } = await source(`narrow-${count}`, ['node.disable']);
    const result = await send(name, command);
    expect(result).toEqual({
      id: expect.any(String),
      outcome: 'rejected',
      code: 'forbidden',
      detail: expect.stringMatching(detail),
    });
  });

  test('a refused attempt is in the log for audit, without any text that is not ours', async () => {
    const quiet = await startRegistry();
    await quiet.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.1.0.0/16' } });
    await quiet.request('POST', '/api/v1/sources', {
      body: { name: 'cmdb', networks: ['prod'], allow: ['node.enable'] },
    });
    await quiet.ingest.send('cmdb', { ...event('x', {}), type: 'mallory\u0000', data: { network: '\u0000' } });
    await eventually(async () => {
      const { body } = await quiet.request('GET', '/api/v1/networks/system/events?types=CommandRejected');
      expect(body.items).toMatchObject([
        { data: { actor: 'source/cmdb', command: 'INGEST unknown', code: 'invalid', network: null } },
      ]);
    });
    await quiet.close();
  });

  test('revoked: refused, dropped at the broker, its account closed; its name is not given again', async () => {
    const { name } = await source(`gone-${count}`);
    expect(registry.ingest.following).toContain(name);
    expect((await registry.request('DELETE', `/api/v1/sources/${name}`)).status).toBe(204);
    expect(registry.ingest.following).not.toContain(name);
    expect(registry.ingest.forgotten).toContain(name);
    expect(
      registry.accounts
        .flat()
        .filter((one) => one.name === name)
        .at(-1),
    ).toMatchObject({ revoked: true });
    expect(await send(name, event('node.disable', { node: 'x' }))).toMatchObject({ code: 'forbidden' });
    const again = await registry.request('POST', '/api/v1/sources', {
      body: { name, networks: [network], allow: ['node.enable'] },
    });
    expect([again.status, again.body.code]).toEqual([409, 'name_taken']);
  });

  test('what it may hear follows its networks: one that is deleted goes', async () => {
    const { name } = await source(`hears-${count}`, everything, [network, 'other']);
    const heard = () =>
      registry.accounts
        .flat()
        .filter((one) => one.name === name)
        .at(-1)?.networks;
    expect(heard()).toEqual([network, 'other'].sort());
    await registry.request('DELETE', `/api/v1/networks/${network}`);
    await eventually(() => expect(heard()).toEqual(['other']));
  });
});

describe('what cannot be done', () => {
  test('rubbish is answered and set aside', async () => {
    const { name } = await source(`rubbish-${count}`);
    const outcome = await registry.ingest.send(name, '{');
    expect(outcome).toEqual({
      result: { id: null, outcome: 'rejected', code: 'malformed', detail: 'the message is not JSON' },
      park: 'the message is not JSON',
    });
  });

  test.each<[string, ReturnType<typeof event>, RegExp]>([
    ['an unknown command', event('node.explode', {}), /no command of that type; there are tombolo\.node\.offer/],
    ['an unknown field', event('node.disable', { node: 'x', color: 'red' }), /color is not a field/],
    ['a missing field', event('node.disable', {}), /node must be/],
    ['a bad hash', event('node.offer', { secretHash: 'secret' }), /secretHash must be the SHA-256/],
    ['a bad label', event('node.labels', { node: 'web', labels: { 'a b': '\u0000' } }), /labels/],
    ['a null in a list', event('cluster.report', { cluster: 'c', members: [null] }), /members/],
  ])('%s is refused with the field, and not set aside', async (_, command, detail) => {
    const { name } = await source(`fields-${count}`);
    await registry.enrol(network, 'web');
    const { result, park } = await registry.ingest.send(name, { ...command, data: { ...command.data, network } });
    expect([result.outcome, result.code, park]).toEqual(['rejected', 'invalid', undefined]);
    expect(result.detail).toMatch(detail);
  });

  test('while the log is away a command waits; one that fails for no known reason is set aside in the end', async () => {
    const store = new UnreliableStore();
    const shaky = await startRegistry({ store });
    await shaky.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.1.0.0/16' } });
    await shaky.request('POST', '/api/v1/sources', { body: { name: 'cmdb', networks: ['prod'], allow: everything } });
    const command = { ...event('cluster.report', { cluster: 'c', pods: ['10.42.0.0/16'] }) };
    command.data = { ...command.data, network: 'prod' };
    store.pull();
    await expect(shaky.ingest.send('cmdb', command, 99)).rejects.toThrow(Unavailable);
    store.failure = new Error('a bug');
    await expect(shaky.ingest.send('cmdb', command, 4)).rejects.toThrow('a bug');
    expect(await shaky.ingest.send('cmdb', command, 5)).toMatchObject({
      result: { id: command.id, outcome: 'rejected', code: 'failed' },
      park: 'a bug',
    });
    store.failure = undefined;
    expect((await shaky.ingest.send('cmdb', command, 6)).result).toMatchObject({ outcome: 'accepted' });
    await shaky.close();
  });
});

/** Login and seed of a `.creds` file. A login is signed anew whenever it is shown: that moment, and the hash over it, are left out. */
function heldIn(creds: string) {
  const [jwt = '', seed = ''] = [...creds.matchAll(/-----BEGIN [^-]+-----\s+(\S+)/g)].map(([, text]) => text);
  const login = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  return { login: { ...login, iat: 0, jti: '' }, seed };
}

test('credentials are shown once and are nowhere else; the same idempotency key shows them again', async () => {
  const body = { name: `creds-${count}`, networks: [network], allow: ['node.enable'] };
  const headers = { 'idempotency-key': `creds-${count}` };
  const [first, again] = [
    await registry.request('POST', '/api/v1/sources', { body, headers }),
    await registry.request('POST', '/api/v1/sources', { body, headers }),
  ];
  const { login, seed: secret } = heldIn(first.body.credentials as string);
  expect(secret.slice(0, 2)).toBe('SU');
  expect(heldIn(again.body.credentials as string)).toEqual({ login, seed: secret });
  const shown = [
    (await registry.request('GET', '/api/v1/sources')).body,
    (await registry.request('GET', `/api/v1/sources/${body.name}`)).body,
    (await registry.request('GET', '/api/v1/networks/system/events?limit=1000')).body,
    registry.logLines,
  ];
  expect(JSON.stringify(shown)).toContain(body.name);
  expect(JSON.stringify(shown)).not.toContain(secret);
});

test('only an admin makes, lists or revokes sources', async () => {
  const token = await registry.tokenOf('operator', `operator-${count}`);
  const headers = { authorization: `Bearer ${token}` };
  for (const [method, path] of [
    ['GET', '/api/v1/sources'],
    ['POST', '/api/v1/sources'],
    ['GET', '/api/v1/sources/x'],
    ['DELETE', '/api/v1/sources/x'],
  ] as const)
    expect((await registry.request(method, path, { headers, ...(method === 'POST' && { body: {} }) })).status).toBe(
      403,
    );
});

describe('a source that signs', () => {
  const thief = operator(2);
  let name = '';
  beforeEach(async () => {
    name = `signer-${++count}`;
    await registry.enrol(network, 'web');
    const publicKey = operator(100 + count).publicKey;
    const body = { name, networks: [network], allow: everything, publicKey };
    expect((await registry.request('POST', '/api/v1/sources', { body })).body).toMatchObject({ name, publicKey });
  });
  const own = () => operator(100 + Number(name.split('-')[1]));
  const timed = (changes: object = {}) => ({
    ...event('node.labels', { node: 'web', labels: { a: '1' } }),
    time: registry.clock.now().toISOString(),
    ...changes,
  });
  const signed = (command: SignedCommand & object, by = own(), as = name) => ({
    ...command,
    tombolosig: by.sign(commandText(as, command)),
  });

  test('is believed what its key signed, once', async () => {
    const command = signed(timed());
    expect(await send(name, command)).toMatchObject({ outcome: 'accepted', events: [expect.any(Number)] });
    registry.clock.advance(COMMAND_LASTS_MS);
    expect(await send(name, command)).toMatchObject({ outcome: 'duplicate' });
    expect(
      await send(name, JSON.stringify(signed(timed({ data: { node: 'web', labels: {}, network } })), null, 2)),
    ).toMatchObject({ outcome: 'accepted' });
  });

  test.each<[string, () => unknown, string]>([
    ['without a signature', () => timed(), 'no attribute tombolosig'],
    ['with another key', () => signed(timed(), thief), 'not what the key'],
    ['with what is no signature', () => timed({ tombolosig: 'AAAA' }), 'no signature'],
    ['with a number for one', () => timed({ tombolosig: 7 }), 'no signature'],
    ['signed for another source', () => signed(timed(), own(), 'inventory'), 'not what the key'],
    [
      'with other data',
      () => ({ ...signed(timed()), data: { network, node: 'web', labels: { a: '2' } } }),
      'not what the key',
    ],
    ['with another type', () => ({ ...signed(timed()), type: 'tombolo.node.retire' }), 'not what the key'],
    ['with another id', () => ({ ...signed(timed()), id: 'another' }), 'not what the key'],
    ['with another time', () => ({ ...signed(timed()), time: '2026-11-20T12:00:00.001Z' }), 'not what the key'],
    ['with another origin', () => ({ ...signed(timed()), source: '/other' }), 'not what the key'],
    ['without a time', () => signed(event('node.retire', { node: 'web' }) as never), 'no time'],
    ['of long ago', () => signed(timed({ time: atMs(-COMMAND_LASTS_MS - 1) })), 'more than an hour ago'],
    ['of a time to come', () => signed(timed({ time: atMs(COMMAND_AHEAD_MS + 1) })), 'set the clock'],
  ])('%s nothing is done', async (_, message, why) => {
    const before = (await facts()).length;
    const detail = expect.stringContaining(why);
    expect(await send(name, message())).toMatchObject({ outcome: 'rejected', code: 'unauthorized', detail });
    expect(await facts()).toHaveLength(before);
  });

  test('was kept back so long as it may be, or is a little ahead: done', async () => {
    for (const ms of [-COMMAND_LASTS_MS, COMMAND_AHEAD_MS])
      expect(await send(name, signed(timed({ time: atMs(ms) })))).toMatchObject({ outcome: 'accepted' });
  });

  test('what was too late is done when it is signed again, under the same id', async () => {
    const late = timed({ time: atMs(-COMMAND_LASTS_MS - 1) });
    expect(await send(name, signed(late))).toMatchObject({ outcome: 'rejected' });
    const again = signed({ ...late, time: atMs(0) });
    expect(await send(name, again)).toMatchObject({ outcome: 'accepted', id: late.id });
  });

  test('has a key of its own', async () => {
    const body = (publicKey: string) => ({ name: `${name}-2`, networks: [network], allow: everything, publicKey });
    const twin = await registry.request('POST', '/api/v1/sources', { body: body(own().publicKey) });
    expect([twin.status, twin.body.code]).toEqual([409, 'public_key_taken']);
    const bad = await registry.request('POST', '/api/v1/sources', { body: body('AAAA') });
    expect([bad.status, bad.body.errors[0].field]).toEqual([422, 'publicKey']);
  });

  const atMs = (ms: number) => new Date(registry.clock.wall + ms).toISOString();
});
