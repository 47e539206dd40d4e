import { setImmediate as nextTurn } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { factsOf } from '#topology/command.js';
import { secretHash } from '../auth/api-token.js';
import { Decisions } from '../log/decisions.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { UnreliableStore } from '../testing/unreliable-store.js';
import { EventFeed } from './event-feed.js';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
});
afterEach(() => registry.close());

const disable = (node: string) => registry.request('POST', `/api/v1/networks/prod/nodes/${node}/disable`);

describe('facts in pages', () => {
  beforeEach(async () => {
    const { bearer } = await registry.key('prod');
    for (const name of ['a', 'b', 'c']) await registry.enrol('prod', name, bearer);
  });
  const page = (query: string) => registry.request('GET', `/api/v1/networks/prod/events?${query}`);
  const versions = (body: { items: { version: number }[] }) => body.items.map(({ version }) => version);

  test('begin after a version and go on by cursor', async () => {
    const first = await page('after=1&limit=2');
    expect(versions(first.body)).toEqual([2, 3]);
    const second = await page(`limit=2&cursor=${first.body.nextCursor}`);
    expect([versions(second.body), second.body.nextCursor]).toEqual([[4, 5], null]);
    expect(first.body.items[1]).toMatchObject({
      version: 3,
      type: 'NodeEnrolled',
      data: { name: 'a' },
      metadata: { actor: expect.stringMatching(/^key\//), at: '2026-11-20T12:00:00.000Z' },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('are filtered by type', async () => {
    const { body } = await page('types=NodeEnrolled,NetworkCreated&limit=3');
    expect(versions(body)).toEqual([1, 3, 4]);
    const rest = await page(`types=NodeEnrolled,NetworkCreated&limit=3&cursor=${body.nextCursor}`);
    expect([versions(rest.body), rest.body.nextCursor]).toEqual([[5], null]);
  });

  test.each(['after=-1', 'after=x', 'types=', 'types=node-enrolled', 'limit=0', 'since=1'])(
    'refuse %s',
    async (query) => {
      expect((await page(query)).status).toBe(422);
    },
  );

  test('stay readable by id after the network is gone', async () => {
    const { body: network } = await registry.request('GET', '/api/v1/networks/prod');
    await registry.request('DELETE', '/api/v1/networks/prod?force=true');
    expect((await page('')).status).toBe(404);
    const { body } = await registry.request('GET', `/api/v1/networks/${network.networkId}/events?after=5`);
    expect(body.items.at(-1).type).toBe('NetworkDeleted');
  });
});

describe('facts as server-sent events', () => {
  test('begin with what was and go on with what happens', async () => {
    const feed = await follow('after=0');
    expect(feed.response.headers.get('content-type')).toContain('text/event-stream');
    expect(await feed.take(1)).toEqual(['1 NetworkCreated']);
    await registry.enrol('prod', 'a');
    await disable('a');
    expect(await feed.take(3)).toEqual(['2 EnrolmentKeyCreated', '3 NodeEnrolled', '4 NodeDisabled']);
    expect(JSON.parse(feed.seen.at(-1)!.data)).toMatchObject({ version: 4, type: 'NodeDisabled' });
    await feed.stop();
  });

  test('resume after Last-Event-ID, which wins over after', async () => {
    await registry.enrol('prod', 'a');
    const feed = await follow('after=0', { 'last-event-id': '2' });
    expect(await feed.take(1)).toEqual(['3 NodeEnrolled']);
    await feed.stop();
    const refused = await follow('', { 'last-event-id': 'x' });
    expect([refused.response.status, await refused.end()]).toEqual([422, 'ended']);
  });

  test('carry only the wanted types', async () => {
    const feed = await follow('types=NodeDisabled');
    await registry.enrol('prod', 'a');
    await disable('a');
    expect(await feed.take(1)).toEqual(['4 NodeDisabled']);
    await feed.stop();
  });

  test('tell what another replica appended', async () => {
    const other = await registry.replica();
    const feed = await follow('after=1');
    await other.enrol('prod', 'a');
    expect(await feed.take(2)).toEqual(['2 EnrolmentKeyCreated', '3 NodeEnrolled']);
    await feed.stop();
    await other.close();
  });

  test('end between two events when the service stops', async () => {
    const other = await registry.replica();
    const feed = await follow('after=0', {}, other);
    expect(await feed.take(1)).toEqual(['1 NetworkCreated']);
    const [end] = await Promise.all([feed.end(), other.close()]);
    expect(end).toBe('ended');
  });

  test('end when the log goes away, and can be resumed when it is back', async () => {
    const store = new UnreliableStore();
    const other = await startRegistry({ store });
    await other.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
    const feed = await follow('after=0', {}, other);
    expect(await feed.take(1)).toEqual(['1 NetworkCreated']);
    const patched = other.request('PATCH', '/api/v1/networks/prod', { body: { mtu: 1300 } });
    const stop = store.onAppended(() => store.pull());
    await patched;
    expect(await feed.end()).toBe('ended');
    stop();
    store.failure = undefined;
    const resumed = await follow('', { 'last-event-id': '1' }, other);
    expect(await resumed.take(1)).toEqual(['2 NetworkChanged']);
    await resumed.stop();
    await other.close();
  });

  test('show life while nothing happens, name where to resume, and end when the token is revoked', async () => {
    const restless = await registry.replica({ limits: { ...registry.options.limits, heartbeat: 20 } });
    const { body: token } = await registry.request('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'viewer' } });
    const feed = await follow('types=NodeEnrolled', { authorization: `Bearer ${token.token}` }, restless);
    await feed.until((text) => text.includes('id: 1\n: heartbeat\n\n'));
    await registry.request('DELETE', `/api/v1/tokens/${token.tokenId}`);
    expect(await feed.end()).toBe('ended');
    await restless.close();
  });

  test('are not opened by a HEAD', async () => {
    const headers = { accept: 'text/event-stream' };
    const answer = await registry.request('HEAD', '/api/v1/networks/prod/events', { headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('application/json'),
    ]);
    expect((await registry.request('GET', '/metrics')).body).toContain('tombolo_registry_event_feeds 0');
  });

  test('are limited in number', async () => {
    const strict = await registry.replica({ limits: { ...registry.options.limits, eventFeeds: 1 } });
    const feed = await follow('', {}, strict);
    await feed.take(1);
    const second = await follow('', {}, strict);
    expect([second.response.status, second.response.headers.get('retry-after')]).toEqual([503, '2']);
    await feed.stop();
    await strict.close();
  });

  test('cost a slow reader a page or two: the log is read as it takes', async () => {
    const stream = await networkId();
    const meta = { commandId: 'many', actor: 'service/test', at: '2026-11-20T12:00:00Z' };
    const change = { type: 'NetworkChanged', data: { changes: { mtu: 1400 } } } as const;
    await registry.app.get(Decisions).networks.execute(stream, {
      commandId: 'many',
      fingerprint: '',
      decide: () => ({ facts: Array.from({ length: 2_000 }, () => factsOf(meta, change)).flat(), answer: null }),
    });
    const { store } = registry.options;
    const read = store.read.bind(store);
    let facts = 0;
    store.read = async (stream, options) => {
      const page = await read(stream, options);
      facts += page.length;
      return page;
    };
    const subscription = {
      stream,
      after: 0,
      types: undefined,
      tokenHash: secretHash(registry.admin),
    };
    const feed = registry.app.get(EventFeed).subscribe(subscription);
    const chunks = feed.iterator({ destroyOnReturn: false });
    await chunks.next();
    await chunks.next();
    await nextTurn();
    expect(facts).toBeLessThan(1_000);
    let seen = 0;
    for await (const text of chunks)
      if (text.includes('id: 2001\n')) break;
      else seen += 1;
    expect(seen).toBeGreaterThan(5);
    feed.destroy();
  });
});

const networkId = async () => (await registry.request('GET', '/api/v1/networks/prod')).body.networkId as string;

async function follow(query: string, headers: Record<string, string> = {}, target = registry) {
  const abort = new AbortController();
  const response = await fetch(`${target.url}/api/v1/networks/prod/events?${query}`, {
    headers: { authorization: `Bearer ${target.admin}`, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  });
  const seen: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => seen.push(event) });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let given = 0;
  return {
    response,
    seen,
    /** Waits until there are so many more events and returns their ids and types. */
    async take(count: number): Promise<string[]> {
      while (seen.length < given + count) {
        const { value, done } = await reader.read();
        if (done) throw new Error('the feed ended');
        parser.feed(value);
      }
      const taken = seen.slice(given, (given += count));
      return taken.map(({ id, event }) => `${id} ${event}`);
    },
    async until(holds: (text: string) => boolean): Promise<void> {
      for (let text = ''; !holds(text);) {
        const { value, done } = await reader.read();
        if (done) throw new Error('the feed ended');
        text += value;
      }
    },
    async end(): Promise<'ended' | 'broken'> {
      try {
        while (!(await reader.read()).done);
        return 'ended';
      } catch {
        return 'broken';
      }
    },
    async stop(): Promise<void> {
      abort.abort();
      await reader.closed.catch(() => undefined);
    },
  };
}
