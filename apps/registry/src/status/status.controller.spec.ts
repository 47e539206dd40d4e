import { digestOf, formatDigest } from '#contracts/node-stream.js';
import { planNode } from '#planner/plan-node.js';
import { Decisions } from '../log/decisions.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
let nodeId: string;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  ({ nodeId } = await registry.enrol('prod', 'a'));
  await registry.enrol('prod', 'b');
});
afterEach(() => registry.close());

const statusOf = async (name: string) => {
  const { body } = await registry.request('GET', '/api/v1/networks/prod/status');
  return body.nodes.find((node: { name: string }) => node.name === name);
};
const plannedDigest = async () => {
  const decisions = registry.app.get(Decisions);
  return formatDigest(digestOf(planNode(await decisions.networkState(await decisions.networkId('prod')), nodeId)));
};

test('a node that was never heard holds nothing that is known', async () => {
  expect(await statusOf('a')).toEqual({
    nodeId,
    name: 'a',
    enabled: true,
    signed: null,
    refused: [],
    lastSeen: null,
    planned: { digest: await plannedDigest() },
    held: null,
    inSync: false,
    rejected: null,
    agent: null,
  });
});

test('a node is in sync when it holds what the plan says, until the plan changes', async () => {
  const digest = await plannedDigest();
  registry.reports.tell({ nodeId, kind: 'applied', body: { epoch: 1, revision: 7, digest, tookMs: 3 } });
  expect(await statusOf('a')).toMatchObject({
    inSync: true,
    lastSeen: '2026-11-20T12:00:00.000Z',
    held: { epoch: 1, revision: 7, digest },
  });
  await registry.enrol('prod', 'c');
  expect(await statusOf('a')).toMatchObject({ inSync: false });
});

test('a refusal shows until that revision or a later one is held', async () => {
  const errors = [{ resource: 'peer/x', message: 'no' }];
  registry.reports.tell({ nodeId, kind: 'rejected', body: { epoch: 1, revision: 8, held: 7, errors } });
  const heartbeat = {
    agentVersion: '0.1.0',
    epoch: 1,
    digest: '0'.repeat(32),
    backend: 'kernel' as const,
    peers: 2,
    repairs: 1,
  };
  registry.reports.tell({ nodeId, kind: 'heartbeat', body: { ...heartbeat, revision: 7 } });
  expect(await statusOf('a')).toMatchObject({
    rejected: { revision: 8, errors },
    agent: { version: '0.1.0', backend: 'kernel', peers: 2, repairs: 1 },
  });
  registry.reports.tell({
    nodeId,
    kind: 'applied',
    body: { epoch: 1, revision: 9, digest: '0'.repeat(32), tookMs: 3 },
  });
  expect(await statusOf('a')).toMatchObject({ rejected: null, held: { revision: 9 } });
});
