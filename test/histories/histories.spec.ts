import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { verifyChain } from '#event-store/core/hash-chain.js';
import { recordGatewayHistories } from './gateway-scenario.js';
import { recordHistories } from './scenario.js';
import { parseHistory, replay, type Outcome } from './replay.js';

const root = join(process.cwd(), 'test/histories');
const releases = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const histories = releases.flatMap(({ name }) =>
  readdirSync(join(root, name))
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => [name, file] as const),
);

const types = [
  ...new Set(
    histories
      .flatMap(([release, file]) => parseHistory(readFileSync(join(root, release, file), 'utf8')))
      .map(({ type }) => type),
  ),
].sort();

describe('logs of released versions', () => {
  test.each(histories)('%s/%s replays to the same state, its chain intact', (release, file) => {
    const outcomes = JSON.parse(readFileSync(join(root, release, 'outcomes.json'), 'utf8')) as Record<string, Outcome>;
    const facts = parseHistory(readFileSync(join(root, release, file), 'utf8'));
    expect(replay(facts)).toEqual(outcomes[file]);
    expect(verifyChain(facts)).toMatchObject({ ok: true, version: facts.length });
  });

  test('hold every type of fact of networks, nodes, clusters and gateways', () => {
    expect(types).toEqual([
      'ApiTokenCreated',
      'ApiTokenRevoked',
      'ClientCreated',
      'ClientRevoked',
      'ClusterChanged',
      'ClusterDeclared',
      'ClusterMemberSet',
      'ClusterMemberUnset',
      'ClusterRemoved',
      'ClustersLinked',
      'ClustersUnlinked',
      'CommandRejected',
      'EnrolmentKeyCreated',
      'EnrolmentKeyRevoked',
      'GatewayActivated',
      'GatewayChanged',
      'GatewayCreated',
      'GatewayDraining',
      'GatewayRemoved',
      'NetworkChanged',
      'NetworkCreated',
      'NetworkDeleted',
      'NetworkDelisted',
      'NetworkListed',
      'NodeChanged',
      'NodeDisabled',
      'NodeEnabled',
      'NodeEnrolled',
      'NodeKeyRotated',
      'NodeRemoved',
      'ServicePublished',
      'ServiceWithdrawn',
      'VirtualRangeAssigned',
      'VirtualRangeReleased',
    ]);
  });
});

test.each(types)('%s is in the catalogue that users read', (type) => {
  expect(readFileSync(join(process.cwd(), 'docs/events.md'), 'utf8')).toMatch(new RegExp(`^\\| \`${type}\` `, 'm'));
});

test('recording is deterministic', () => {
  for (const record of [recordHistories, recordGatewayHistories])
    expect(JSON.stringify([...record()])).toBe(JSON.stringify([...record()]));
});
