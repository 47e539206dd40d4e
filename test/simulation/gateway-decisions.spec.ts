import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatPrefix, overlaps } from '#ipam/prefix.js';
import { checkPlan } from '#planner/check-plan.js';
import { planAll } from '#planner/plan-node.js';
import { foldNew } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { crossingOwners, ownersOf, type PrefixOwner } from '#topology/overlaps.js';
import { holds } from '../support/property.js';
import { BEGINNING, elections, play, wishes } from './gateway-decisions.js';

const RUNS = 300;

/** Checks every state of every history. */
const always =
  (check: (state: NetworkState) => void, runs = RUNS) =>
  () =>
    holds(wishes, runs, (list) => play(list).forEach(({ state }) => check(state)));

/** Checks the states in which the gateway-manager has followed. */
const settled = (check: (state: NetworkState) => void) => () =>
  holds(wishes, RUNS, (list) =>
    play(list)
      .filter((moment) => moment.settled)
      .forEach(({ state }) => check(state)),
  );

const text = ({ owner, range }: PrefixOwner) => `${owner} ${formatPrefix(range)}`;

describe('over any history of clusters, gateways, links, clients and publications', () => {
  test(
    'what packets in the mesh carry has one owner',
    always((state) => {
      const owners = crossingOwners(state);
      owners.forEach((one, index) => {
        for (const other of owners.slice(index + 1)) {
          if (!overlaps(one.range, other.range)) continue;
          // Between gateways, and between a gateway and the mesh, the longest prefix wins; equal ones are refused.
          const kinds = [one.kind, other.kind];
          const nested = one.range.length !== other.range.length;
          const allowed = kinds.includes('egress') && kinds.every((kind) => kind === 'egress' || kind === 'mesh');
          if (!allowed || !nested) throw new Error(`${text(one)} overlaps ${text(other)}`);
        }
      });
    }),
  );

  test(
    'a virtual range overlaps nothing in its network',
    always((state) => {
      const owners = ownersOf(state);
      for (const one of owners.filter(({ kind }) => kind === 'virtual'))
        expect(owners.filter((other) => other !== one && overlaps(other.range, one.range)).map(text)).toEqual([]);
    }),
  );

  test(
    'who serves is a member that is enabled, and nobody serves only where nobody can',
    settled((state) => {
      for (const { active, members, draining } of state.gateways.values()) {
        const able = members.filter((id) => state.nodes.get(id)?.enabled);
        expect(members.filter((id) => !state.nodes.has(id))).toEqual([]);
        expect(draining.filter((id) => !members.includes(id))).toEqual([]);
        if (active === null) expect(able).toEqual([]);
        else expect(able).toContain(active);
      }
    }),
  );

  test(
    'an election leaves nothing to elect',
    settled((state) => expect(elections(state)).toEqual([])),
  );

  test(
    'no internet gateway is used by one that serves or uses another, and all users are there',
    settled((state) => {
      const internet = [...state.gateways.values()].filter(({ kind }) => kind === 'internet');
      const nodes = internet.flatMap(({ users }) => users.nodes);
      const clients = internet.flatMap(({ users }) => users.clients);
      const serving = new Set(internet.flatMap(({ members }) => members));
      expect(nodes.filter((id) => serving.has(id) || !state.nodes.has(id))).toEqual([]);
      expect(clients.filter((id) => !state.clients.has(id))).toEqual([]);
      expect(new Set(nodes).size).toBe(nodes.length);
      expect(new Set(clients).size).toBe(clients.length);
    }),
  );

  test(
    'clients have their gateway, publications their cluster, doors theirs; nobody’s address is another’s',
    always((state) => {
      for (const { gatewayId } of state.clients.values()) expect(state.gateways.get(gatewayId)?.kind).toBe('ingress');
      for (const { clusterId } of state.publications.values()) expect(state.clusters.has(clusterId)).toBe(true);
      const doors = [...state.gateways.values()].flatMap(({ clusterId }) => clusterId ?? []);
      expect(doors.filter((id) => !state.clusters.has(id))).toEqual([]);
      expect(new Set(doors).size).toBe(doors.length);
      const hosts = [...state.nodes.values(), ...state.clients.values()].flatMap(({ addresses }) => addresses);
      const published = [...state.publications.values()].map(({ clusterId, mesh }) => `${clusterId} ${mesh.address}`);
      const addresses = [...hosts, ...[...new Set(published)].map((one) => one.split(' ')[1])];
      expect(new Set(addresses).size).toBe(addresses.length);
      const ports = [...state.publications.values()].map(
        ({ protocol, mesh }) => `${protocol} ${mesh.address} ${mesh.port}`,
      );
      expect(new Set(ports).size).toBe(ports.length);
    }),
  );

  test(
    'the plan breaks no invariant, also between two facts',
    always((state) => expect(checkPlan(state, planAll(state))).toEqual([]), 100),
  );

  test('a snapshot and the rest is the same as the whole', () => {
    holds(fc.tuple(wishes, fc.nat()), RUNS, ([list, pick]) => {
      const moments = play(list);
      const states = [BEGINNING, ...moments.map(({ state }) => state)];
      const from = pick % states.length;
      const snapshot = networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(states[from]!))));
      const resumed = foldNew(
        networkFold,
        snapshot,
        moments.slice(from).map(({ fact }) => fact),
      );
      expect(JSON.stringify(networkFold.toJson(resumed))).toBe(JSON.stringify(networkFold.toJson(states.at(-1)!)));
    });
  });
});

test('such histories hold every fact of clusters and gateways', () => {
  const seen = fc.sample(wishes, { numRuns: 400, seed: 7 }).flatMap((list) => play(list).map(({ fact }) => fact.type));
  expect([...new Set(seen)].sort()).toEqual([
    'ClientCreated',
    'ClientRevoked',
    'ClusterChanged',
    'ClusterDeclared',
    'ClusterMemberSet',
    'ClusterMemberUnset',
    'ClusterRemoved',
    'ClustersLinked',
    'ClustersUnlinked',
    'GatewayActivated',
    'GatewayChanged',
    'GatewayCreated',
    'GatewayDraining',
    'GatewayRemoved',
    'NodeDisabled',
    'NodeEnabled',
    'NodeEnrolled',
    'NodeRemoved',
    'ServicePublished',
    'ServiceWithdrawn',
    'VirtualRangeAssigned',
    'VirtualRangeReleased',
  ]);
});
