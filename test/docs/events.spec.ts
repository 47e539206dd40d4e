import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';

/** The compiler refuses this list when a type of fact is missing or too many. */
const TYPES: Record<AnyFact['type'], true> = {
  NetworkCreated: true,
  NetworkChanged: true,
  NetworkDeleted: true,
  EnrolmentKeyCreated: true,
  EnrolmentKeyRevoked: true,
  NodeEnrolled: true,
  NodeChanged: true,
  NodeKeyRotationRequested: true,
  NodeKeyOffered: true,
  NodeKeyRotated: true,
  NodeDisabled: true,
  NodeEnabled: true,
  NodeRemoved: true,
  ClusterDeclared: true,
  ClusterChanged: true,
  ClusterRemoved: true,
  ClusterMemberSet: true,
  ClusterMemberUnset: true,
  GatewayCreated: true,
  GatewayChanged: true,
  GatewayRemoved: true,
  GatewayActivated: true,
  GatewayDraining: true,
  ClustersLinked: true,
  ClustersUnlinked: true,
  VirtualRangeAssigned: true,
  VirtualRangeReleased: true,
  ServicePublished: true,
  ServiceWithdrawn: true,
  ClientCreated: true,
  ClientRevoked: true,
  NodeReachabilityDecided: true,
  RelaySet: true,
  RelayUnset: true,
  RelayPinned: true,
  RelayAssigned: true,
  PathTried: true,
  PathProven: true,
  PathFailed: true,
  PathForgotten: true,
  NetworkListed: true,
  NetworkDelisted: true,
  ApiTokenCreated: true,
  ApiTokenRevoked: true,
  CommandRejected: true,
};

const catalogue = readFileSync(join(process.cwd(), 'docs/events.md'), 'utf8');

test('the catalogue that users read has every type of fact, once, and no other', () => {
  const rows = [...catalogue.matchAll(/^\| `([A-Z]\w+)` /gm)].map(([, type]) => type);
  expect(rows.sort()).toEqual(Object.keys(TYPES).sort());
});
