import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { NewFact } from '#contracts/facts.js';
import { HEAD_HEADER, parseHead } from '#contracts/node-stream.js';
import { nodeDeltaSubject, STREAMS } from '#contracts/subjects.js';
import { createSealKeys } from '#messaging/node-seal.js';
import { NodeStreamWriter } from '#messaging/node-stream.js';
import { openServiceParts, type ServiceParts } from '#service/service-parts.js';
import { DesiredState, testPeer } from '../../../test/support/desired-state.js';
import { fact } from '../../../test/support/given.js';
import { NETWORK_ID, networkCreated, nodeEnrolled, nodeId } from '../../../test/support/network-facts.js';
import { startPostgres, type TestPostgres } from '../../../test/support/servers.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { topologyPlannerOptions } from './topology-planner.adapters.js';
import { TopologyPlannerModule } from './topology-planner.module.js';

const logger = pino({ level: 'silent' });
const keys = createSealKeys();
let postgres: TestPostgres;
let nats: TrustedNats;
let parts: ServiceParts;
let app: INestApplicationContext;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats()]);
  const { trust } = nats;
  parts = await openServiceParts({
    name: 'topology-planner',
    databaseUrl: postgres.url,
    natsUrls: [nats.url],
    ca: null,
    trust,
    streamReplicas: 1,
    logger,
  });
  const facts = [networkCreated(), nodeEnrolled(1, { controlKey: keys.publicKey }), nodeEnrolled(2)];
  const appended = facts.map((one) => fact(one)) as NewFact[];
  await parts.store.append([{ stream: NETWORK_ID, expectedVersion: 0, facts: appended }], []);
  const options = topologyPlannerOptions({ parts, secrets: { trust }, logger, metrics: new Registry() });
  const module = TopologyPlannerModule.register(options);
  app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: false });
}, 60_000);
afterAll(async () => {
  await app?.close();
  await parts?.close();
  await Promise.all([postgres?.stop(), nats?.stop()]);
}, 60_000);

/** What the stream holds for the first node in the place of a revision. */
async function storedAt(revision: number) {
  const { direct } = await parts.connection.manager();
  const found = await direct.getMessage(STREAMS.nodes, { last_by_subj: nodeDeltaSubject(nodeId(1), revision) });
  return parseHead(found?.header.get(HEAD_HEADER) ?? '');
}

test('a message of a publisher that was deposed lands after its successor began: the node is told what is right', async () => {
  const [first] = await until('the planner to lead and store', async () => {
    const head = await storedAt(1);
    return head && [head];
  });
  const late = new DesiredState(
    new NodeStreamWriter(await nats.connect('deposed'), nats.trust.sealing.privateKey),
    nodeId(1),
  );
  Object.assign(late, { keys, epoch: first.epoch - 1, revision: 0 });
  await late.delta([testPeer(9)]);
  expect(await storedAt(1)).toMatchObject({ epoch: first.epoch - 1 });
  const mended = await until('the successor to find it', async () => storedAt(2), 60_000);
  expect(mended).toMatchObject({ kind: 'delta', epoch: first.epoch, digest: first.digest });
}, 90_000);
