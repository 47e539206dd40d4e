import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { CommandReply } from '#contracts/command-request.js';
import { Unavailable } from '#contracts/errors.js';
import type { NetworkFact, NewFact } from '#contracts/facts.js';
import type { GatewayCommandBodies, GatewayCommandName, GatewayHealthReply } from '#contracts/gateway-commands.js';
import { commandSubject, reportSubject } from '#contracts/subjects.js';
import { requestCommand } from '#messaging/command-bus.js';
import type { ServiceConnection } from '#messaging/connection.js';
import { createSealKeys, type SealKeys } from '#messaging/node-seal.js';
import { ReportSigner } from '#messaging/report-proof.js';
import { openServiceParts, type ServiceParts } from '#service/service-parts.js';
import type { GatewayView } from '#topology/gateway-view.js';
import {
  clientId,
  clusterDeclared,
  clusterId,
  gatewayId,
  linkId,
  publicationId,
} from '../../../test/support/gateway-facts.js';
import { fact } from '../../../test/support/given.js';
import { NETWORK_ID, networkCreated, nodeEnrolled, nodeId, wireguardKey } from '../../../test/support/network-facts.js';
import { startPostgres, type TestPostgres } from '../../../test/support/servers.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { gatewayManagerOptions } from './gateway-manager.adapters.js';
import { GatewayManagerModule } from './gateway-manager.module.js';

const logger = pino({ level: 'silent' });

let postgres: TestPostgres;
let nats: TrustedNats;
let asker: ServiceConnection;

const made = new Map<number, SealKeys>();
const controlKeys = (n: number) => made.get(n) ?? made.set(n, createSealKeys()).get(n)!;
const signers = new Map<string, ReportSigner>();

function signerOf(id: string): ReportSigner {
  const known = signers.get(id);
  if (known) return known;
  const { privateKey } = controlKeys([1, 2, 3].find((n) => nodeId(n) === id)!);
  const signer = new ReportSigner(id, { privateKey, controllerKey: nats.trust.sealing.publicKey }, 1);
  signers.set(id, signer);
  return signer;
}

interface Replica {
  app: INestApplicationContext;
  parts: ServiceParts;
  metrics: Registry;
}
const replicas: Replica[] = [];

async function startReplica(): Promise<Replica> {
  const parts = await openServiceParts({
    name: 'gateway-manager',
    databaseUrl: postgres.url,
    natsUrls: [nats.url],
    ca: null,
    trust: nats.trust,
    streamReplicas: 1,
    logger,
  });
  const metrics = new Registry();
  const module = GatewayManagerModule.register(gatewayManagerOptions({ parts, logger, metrics }));
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: false });
  await parts.connection.check();
  const replica = { app, parts, metrics };
  replicas.push(replica);
  return replica;
}

const stopReplica = async ({ app, parts }: Replica) => {
  await app.close();
  await parts.close();
};

const store = () => replicas[0]!.parts.store;

async function happens(...facts: NetworkFact[]): Promise<void> {
  const expectedVersion = await store().head(NETWORK_ID);
  await store().append(
    [{ stream: NETWORK_ID, expectedVersion, facts: facts.map((one) => fact(one)) as NewFact[] }],
    [],
  );
}

interface Asking {
  commandId?: string;
  fingerprint?: string;
  expectedVersion?: number;
}

/** As the registry asks. */
function ask<Name extends GatewayCommandName, Answer = unknown>(
  name: Name,
  body: GatewayCommandBodies[Name],
  { commandId = randomBytes(16).toString('hex'), fingerprint = 'f', expectedVersion }: Asking = {},
): Promise<CommandReply<Answer>> {
  const meta = { commandId, actor: 'token/ops', expectedVersion };
  return requestCommand(asker, commandSubject('gateway-manager', name), {
    networkId: NETWORK_ID,
    fingerprint,
    meta,
    body,
  });
}

const types = async (after: number) => (await store().read(NETWORK_ID, { after })).map(({ type }) => type);

beforeAll(async () => {
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats()]);
  asker = await nats.connect('registry');
  await startReplica();
  await startReplica();
  await happens(
    networkCreated(),
    ...[1, 2, 3].map((n) => nodeEnrolled(n, { controlKey: controlKeys(n).publicKey })),
    clusterDeclared(1),
    clusterDeclared(2),
  );
}, 120_000);

afterAll(async () => {
  await Promise.all(replicas.map(stopReplica));
  await nats?.stop();
  await postgres?.stop();
}, 60_000);

const egress = { gatewayId: gatewayId(1), name: 'office', kind: 'egress', members: [nodeId(1), nodeId(2)] } as const;

describe('commands, over the broker', () => {
  test('a gateway, its client, a link and a publication come and go, each once however often it is asked for', async () => {
    const create = { ...egress, members: [...egress.members], ranges: ['192.168.7.0/24'] };
    const before = await store().head(NETWORK_ID);
    const once = { commandId: 'create-office' };
    const first = await ask<'gateway.create', GatewayView>('gateway.create', create, once);
    expect(first).toMatchObject({
      version: before + 2,
      repeated: false,
      answer: { name: 'office', active: nodeId(1) },
    });
    expect(await ask('gateway.create', create, once)).toEqual({ ...first, repeated: true });
    const { version } = first.answer;
    await ask('gateway.change', { gatewayId: gatewayId(1), masquerade: false }, { expectedVersion: version });
    const door = { gatewayId: gatewayId(2), name: 'door', kind: 'ingress', members: [nodeId(3)] } as const;
    await ask('gateway.create', { ...door, members: [nodeId(3)] });
    const phone = { clientId: clientId(1), name: 'phone', publicKey: wireguardKey(77), gatewayId: gatewayId(2) };
    expect((await ask('client.create', phone)).answer).toMatchObject({
      name: 'phone',
      addresses: ['10.90.0.4', 'fd00:90::4'],
    });
    await ask('link.create', { linkId: linkId(1), a: clusterId(1), b: clusterId(2) });
    const web = {
      publicationId: publicationId(1),
      clusterId: clusterId(1),
      service: { address: '10.43.0.10', port: 80 },
    };
    await ask('publication.create', { ...web, mesh: { port: 8_080 } });
    await ask('publication.withdraw', { publicationId: publicationId(1) });
    await ask('link.remove', { linkId: linkId(1) });
    await ask('client.revoke', { clientId: clientId(1) });
    await ask('gateway.remove', { gatewayId: gatewayId(2) });
    expect(await types(before)).toEqual([
      'GatewayCreated',
      'GatewayActivated',
      'GatewayChanged',
      'GatewayCreated',
      'GatewayActivated',
      'ClientCreated',
      ...Array(4).fill('VirtualRangeAssigned'),
      'ClustersLinked',
      'ServicePublished',
      'ServiceWithdrawn',
      'ClustersUnlinked',
      ...Array(4).fill('VirtualRangeReleased'),
      'ClientRevoked',
      'GatewayRemoved',
    ]);
  });

  test.each<[string, GatewayCommandName, unknown, object]>([
    ['a decider’s refusal', 'gateway.remove', { gatewayId: gatewayId(9) }, { code: 'not_found' }],
    [
      'no body',
      'gateway.remove',
      undefined,
      { code: 'invalid', errors: [{ field: 'body', message: 'must be a JSON object' }] },
    ],
    [
      'a field that nobody knows',
      'gateway.remove',
      { gatewayId: gatewayId(1), sudo: true },
      { code: 'invalid', errors: [{ field: 'body.sudo', message: 'is not a field of this command' }] },
    ],
    [
      'an id that is none',
      'gateway.drain',
      { gatewayId: '*', nodeId: nodeId(1) },
      { code: 'invalid', errors: [{ field: 'body.gatewayId', message: 'must be a UUIDv7' }] },
    ],
    [
      'a number for a text, deep inside',
      'gateway.change',
      { gatewayId: gatewayId(1), probe: { address: 7, port: null } },
      { code: 'invalid', errors: [{ field: 'body.probe.address', message: expect.any(String) }] },
    ],
    [
      'a port that is half',
      'publication.create',
      {
        publicationId: publicationId(1),
        clusterId: clusterId(1),
        service: { address: '10.43.0.1', port: 0.5 },
        mesh: { port: 1 },
      },
      { code: 'invalid', errors: [{ field: 'body.service.port', message: expect.any(String) }] },
    ],
    [
      'members without end',
      'gateway.change',
      { gatewayId: gatewayId(1), members: Array(17).fill(nodeId(1)) },
      { code: 'invalid', errors: [{ field: 'body.members', message: 'must have at most 16 entries' }] },
    ],
    [
      'null in a list of texts',
      'client.create',
      { clientId: clientId(1), name: 'x', publicKey: wireguardKey(1), gatewayId: gatewayId(1), allowed: [null] },
      { code: 'invalid', errors: [{ field: 'body.allowed', message: 'must be a list of texts' }] },
    ],
  ])('%s is refused and leaves no trace', async (_what, name, body, expected) => {
    const before = await store().head(NETWORK_ID);
    await expect(ask(name, body as never)).rejects.toMatchObject({ kind: 'refusal', ...expected });
    expect(await store().head(NETWORK_ID)).toBe(before);
  });

  test('no command reaches another stream than a network’s', async () => {
    const subject = commandSubject('gateway-manager', 'gateway.remove');
    const meta = { commandId: 'c', actor: 'token/ops' };
    const request = { networkId: 'system', fingerprint: 'f', meta, body: { gatewayId: gatewayId(1) } };
    await expect(requestCommand(asker, subject, request)).rejects.toMatchObject({ errors: [{ field: 'networkId' }] });
    await expect(requestCommand(asker, subject, { ...request, networkId: NETWORK_ID, meta: [] })).rejects.toMatchObject(
      {
        errors: [{ field: 'meta' }],
      },
    );
  });

  test('a command bound to an older version, and an id that was used for another request', async () => {
    const drain = { gatewayId: gatewayId(1), nodeId: nodeId(2) };
    await expect(ask('gateway.drain', drain, { expectedVersion: 1 })).rejects.toMatchObject({
      code: 'version_mismatch',
    });
    await ask('gateway.drain', drain, { commandId: 'drain', fingerprint: 'one' });
    await expect(ask('gateway.drain', drain, { commandId: 'drain', fingerprint: 'two' })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    await expect(
      ask('gateway.remove', { gatewayId: gatewayId(1) }, { commandId: 'drain', fingerprint: 'one' }),
    ).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    await ask('gateway.drain', { ...drain, draining: false });
  });

  test('what it did is counted', async () => {
    const counted = (await Promise.all(replicas.map(({ metrics }) => metrics.metrics()))).join('\n');
    for (const outcome of ['done', 'repeated'])
      expect(counted).toMatch(`tombolo_gateway_commands_total{command="gateway.create",outcome="${outcome}"} `);
    expect(counted).toMatch('tombolo_gateway_commands_total{command="gateway.drain",outcome="refused"} ');
  });
});

describe('elections, of two replicas', () => {
  /** Members that report twice a second, as agents do. */
  const silent = new Set<string>();
  const failing = new Set<string>();
  /** How often each has reported. */
  const told = new Map<string, number>();
  const timer = setInterval(() => {
    for (const id of [nodeId(1), nodeId(2)]) {
      if (silent.has(id) || !asker) continue;
      told.set(id, (told.get(id) ?? 0) + 1);
      const gateways = [{ gatewayId: gatewayId(1), ok: !failing.has(id), detail: 'icmp' }];
      const [subject, text] = [reportSubject(id, 'probe'), JSON.stringify({ gateways, handshakeAge: 5 })];
      asker.nats.publish(subject, text, { headers: signerOf(id).headers(subject, text) });
    }
  }, 500);
  afterAll(() => clearInterval(timer));

  const active = async () => {
    const { networks } = replicas[1]!.parts;
    return networks.states.get(NETWORK_ID)?.gateways.get(gatewayId(1))?.active;
  };
  const health = async () => {
    const subject = commandSubject('gateway-manager', 'gateway.health');
    const { gateways } = await requestCommand<GatewayHealthReply>(asker, subject, { networkId: NETWORK_ID });
    return gateways.find((one) => one.gatewayId === gatewayId(1))?.members;
  };
  const reportsOf = async (id: string, count: number) => {
    const wanted = (told.get(id) ?? 0) + count;
    await until(`${count} reports of a member`, () => (told.get(id) ?? 0) >= wanted);
  };
  /** Both replicas have heard every member as good often enough to trust it, which takes five seconds. */
  const trusted = async () => {
    await Promise.all([nodeId(1), nodeId(2)].map((id) => reportsOf(id, 12)));
    await until('both members to be good', async () => {
      const members = (await health()) ?? [];
      return members.length === 2 && members.every(({ ok }) => ok);
    });
  };

  test('what is heard of members can be read', async () => {
    const before = Date.now();
    await trusted();
    const members = await health();
    expect(members?.map(({ nodeId: id }) => id)).toEqual([nodeId(1), nodeId(2)]);
    for (const member of members!) {
      expect(member).toMatchObject({ ok: true, detail: 'icmp', handshakeAge: 5 });
      expect(Date.parse(member.heardAt!)).toBeGreaterThan(before);
    }
  }, 60_000);

  test('drained: the other serves at once, by one fact', async () => {
    const before = await store().head(NETWORK_ID);
    await ask('gateway.drain', { gatewayId: gatewayId(1), nodeId: nodeId(1) });
    await until('the other to serve', async () => (await active()) === nodeId(2));
    await ask('gateway.drain', { gatewayId: gatewayId(1), nodeId: nodeId(1), draining: false });
    expect(await types(before)).toEqual(['GatewayDraining', 'GatewayActivated', 'GatewayDraining']);
  });

  test('silent: the other serves, by one fact', async () => {
    const before = await store().head(NETWORK_ID);
    silent.add(nodeId(2));
    await until('the other to serve', async () => (await active()) === nodeId(1));
    silent.clear();
    expect(await types(before)).toEqual(['GatewayActivated']);
  });

  test('the broker away and back moves nothing, although the agents come back later', async () => {
    const before = await store().head(NETWORK_ID);
    await nats.restart();
    await until('the asker to be back', () => asker.status === 'connected');
    silent.add(nodeId(1));
    // Longer than the silence that moves a gateway.
    await reportsOf(nodeId(2), 6);
    silent.clear();
    await trusted();
    expect(await types(before)).toEqual([]);
  }, 60_000);

  test('a removed node leaves its gateway, whichever replica sees it', async () => {
    const before = await store().head(NETWORK_ID);
    await happens({ type: 'NodeRemoved', data: { nodeId: nodeId(1), reason: 'operator' } });
    await until('the other to serve', async () => (await active()) === nodeId(2));
    expect(await types(before)).toEqual(['NodeRemoved', 'GatewayActivated', 'GatewayChanged']);
  });

  test('a replica that stops answers what it was asked; the last one gone is said so', async () => {
    const asked = Array.from({ length: 20 }, () =>
      ask('gateway.change', { gatewayId: gatewayId(1), masquerade: true }),
    );
    await Promise.all([...asked, replicas[0]!.app.close()]);
    await replicas[1]!.app.close();
    await expect(ask('gateway.remove', { gatewayId: gatewayId(1) })).rejects.toBeInstanceOf(Unavailable);
  });
});
