import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { canonicalJson } from '#contracts/canonical.js';
import { openLog } from '#event-store/postgres/data-source.js';
import { PostgresEventStore } from '#event-store/postgres/postgres-event-store.js';
import { startPostgres } from '../support/servers.js';
import { type Campaign, campaign, type FuzzTarget } from './fuzz-target.js';
import { type FuzzRequest, requests } from './request-arbitrary.js';
import { inMemory, type OpenStore, startWorld, type World } from './world.js';

/** Then a new world: in an old one everything is taken, or long. */
const REQUESTS_PER_WORLD = 750;

/** Every operation of the OpenAPI document, on registry, gateway-manager and relay-planner. */
export const httpTarget: FuzzTarget = {
  name: 'http',
  boundedRuns: 2_000,
  open: () => visits(inMemory),
};

/** The same on PostgreSQL, which takes less than memory does: slower, and not in the bounded part. */
export const postgresTarget: FuzzTarget = {
  name: 'postgres',
  boundedRuns: 0,
  open: async () => {
    const server = await startPostgres();
    const dataSource = await openLog({ url: server.url, applicationName: 'fuzz' });
    const emptied: OpenStore = async () => {
      await dataSource.query('truncate events, commands, snapshots, outbox, leases');
      return new PostgresEventStore(dataSource);
    };
    const close = async () => {
      await dataSource.destroy();
      await server.stop();
    };
    return visits(emptied, close);
  },
};

async function visits(openStore: OpenStore, close?: () => Promise<void>): Promise<Campaign> {
  let visitor = await Visitor.arrive(openStore);
  const document = parsed(await visitor.send({ method: 'GET', path: '/api/openapi.json', headers: {} }));
  return campaign({
    inputs: requests(document, { admin: '{{admin}}', viewer: '{{viewer}}', enrolment: '{{enrolment}}' }),
    feed: async (request, count) => {
      if (visitor.requests >= REQUESTS_PER_WORLD) {
        await visitor.leave();
        visitor = await Visitor.arrive(openStore);
      }
      const status = await visitor.ask(request);
      count(`${request.method} ${status}`);
    },
    close: async () => {
      await visitor.leave();
      await close?.();
    },
  });
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

/** The order of fields says nothing. */
const contentOf = (answer: Answer) =>
  // A node that asks again is given a login of that moment.
  `${answer.status} ${canonicalJson(parsed(answer) ?? null)}`.replace(/"jwt":"[^"]*"/, '');
const parsed = ({ text }: Answer) => (text ? JSON.parse(text) : undefined);
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

/** Somebody who sends anything, and looks at what comes of it. */
export class Visitor {
  requests = 0;
  /** What earlier answers named, the newest last. */
  readonly #ids: string[] = [];
  #tokens: Record<string, string> = {};
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(readonly world: World) {}

  /** In a network that has some of everything. */
  static async arrive(openStore?: OpenStore): Promise<Visitor> {
    const world = await startWorld(openStore);
    const { registry } = world;
    const visitor = new Visitor(world);
    const post = async (path: string, body: object) => {
      const { status, body: answer } = await registry.request('POST', `/api/v1/networks${path}`, { body });
      assert.equal(status, 201, `${path}: ${JSON.stringify(answer)}`);
      visitor.#learn(JSON.stringify(answer));
    };
    await post('', { name: 'prod', cidr: '10.90.0.0/16', cidr6: 'fd90::/64' });
    const { bearer } = await registry.key('prod');
    for (const name of ['gw-1', 'gw-2', 'gw-3', 'a']) {
      await registry.enrol('prod', name, bearer);
      await registry.request('PATCH', `/api/v1/networks/prod/nodes/${name}`, {
        body: { endpoints: [{ address: '203.0.113.7', port: 51_820, kind: 'public' }] },
      });
    }
    await post('/prod/clusters', {
      name: 'east',
      pods: ['10.42.0.0/16'],
      model: 'archipelago',
      members: [{ node: 'gw-1' }],
    });
    await post('/prod/clusters', { name: 'west', pods: ['10.42.0.0/16'], model: 'archipelago' });
    await post('/prod/cluster-links', { a: 'east', b: 'west' });
    await post('/prod/gateways', { name: 'east-door', kind: 'cluster', cluster: 'east', nodes: ['gw-1', 'gw-2'] });
    await post('/prod/gateways', { name: 'door', kind: 'ingress', nodes: ['gw-1'] });
    visitor.#tokens = { admin: registry.admin, viewer: await registry.tokenOf('viewer'), enrolment: bearer };
    return visitor;
  }

  leave(): Promise<void> {
    this.#agent.destroy();
    return this.world.close();
  }

  /** @throws AssertionError when the request did what none may do */
  async ask(asked: FuzzRequest): Promise<number> {
    this.requests += 1;
    const { world } = this;
    world.clock.advance(1_000);
    const key = `fuzz-${this.requests % 40 === 0 ? 0 : this.requests}`;
    const sent = this.#filled({ ...asked, headers: { 'idempotency-key': key, ...asked.headers } });
    const before = world.factsAsked();
    const answer = await this.send(sent);
    const told = `${sent.method} ${sent.path} answers ${answer.status}: ${answer.text.slice(0, 500)}`;
    assert.ok(answer.status < 500, `${told}\n${world.registry.logLines.slice(-3).join('')}`);
    if (answer.status >= 400) {
      assert.match(answer.type, /^application\/problem\+json/, told);
      assert.equal(typeof parsed(answer).code, 'string', told);
      assert.equal(world.factsAsked(), before, `${told}, and left something behind`);
      return answer.status;
    }
    assert.ok(asked.successes.includes(String(answer.status)), `${told}, which is not documented`);
    if (sent.method === 'GET') assert.equal(world.factsAsked(), before, `${told}, and changed something`);
    if (asked.isCommand) await this.#mustBeIdempotent(sent, answer);
    this.#learn(answer.text);
    return answer.status;
  }

  async #mustBeIdempotent(sent: Sent, first: Answer): Promise<void> {
    const before = this.world.factsAsked();
    const again = await this.send(sent);
    const told = `${sent.method} ${sent.path} again`;
    // It revoked its own token: this world is over.
    if (sent.path.startsWith('/api/v1/tokens/') && again.status === 401) return void (this.requests = Infinity);
    assert.equal(contentOf(again), contentOf(first), told);
    assert.equal(this.world.factsAsked(), before, `${told} made facts`);
  }

  send({ method, path, headers, body }: Sent): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const options = { method, headers: { ...headers, ...length }, agent: this.#agent };
      const asking = request(this.world.registry.url + path, options, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            type: answer.headers['content-type'] ?? '',
            text: Buffer.concat(parts).toString(),
          }),
        );
      });
      asking.on('error', reject);
      asking.end(body);
    });
  }

  #filled({ path, headers, body, ...rest }: FuzzRequest): Sent {
    const fill = (text: string) =>
      text
        .replaceAll(/\{\{id(\d+)\}\}/g, (_, n: string) => this.#ids.at(-1 - Number(n)) ?? this.#ids[0]!)
        .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => this.#tokens[name] ?? name);
    const filled = Object.entries(headers).map(([name, value]) => [name, fill(value)]);
    return { ...rest, path: fill(path), headers: Object.fromEntries(filled), ...(body && { body: fill(body) }) };
  }

  #learn(text: string): void {
    for (const id of text.match(UUID) ?? []) if (!this.#ids.includes(id)) this.#ids.push(id);
    this.#ids.splice(0, this.#ids.length - 64);
  }
}

type Sent = Pick<FuzzRequest, 'method' | 'path' | 'headers' | 'body'>;
