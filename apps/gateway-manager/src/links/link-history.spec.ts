import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Decision } from '#contracts/decision.js';
import { isRefusal } from '#contracts/errors.js';
import type { NewFact } from '#contracts/facts.js';
import { overlaps, parsePrefix } from '#ipam/prefix.js';
import { foldNew } from '#topology/command.js';
import { crossingRanges, linkedWith } from '#topology/crossing-ranges.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { crossingOwners, ownersOf, realRanges } from '#topology/overlaps.js';
import {
  assigned,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  gatewayId,
  linked,
  linkId,
} from '../../../../test/support/gateway-facts.js';
import { fact, given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { holds } from '../../../../test/support/property.js';
import { decideCreateGateway, decideRemoveGateway } from '../gateways/gateway.decider.js';
import { decideLinkClusters, decideUnlinkClusters } from './link.decider.js';

/** Few ranges, so that many overlap: equal, nested, in the mesh, in an egress range, in the pool, IPv6. */
const RANGES = ['10.42.0.0/16', '10.42.128.0/17', '10.43.0.0/16', '10.90.4.0/24', '192.168.1.0/25', 'fd00:42::/56'];
const EGRESS = ['192.168.1.0/24', '10.0.0.0/8', '172.16.0.0/12', '100.66.0.0/16', '10.42.0.0/16'];

interface Step {
  what: 'declare' | 'link' | 'unlink' | 'gateway' | 'no gateway';
  one: number;
  other: number;
}

const history = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('declare', 'declare', 'link', 'link', 'link', 'unlink', 'gateway', 'no gateway'),
    one: fc.integer({ min: 1, max: 6 }),
    other: fc.integer({ min: 1, max: 6 }),
  }),
  { maxLength: 40, size: 'max' },
);

const start = given(networkFold, [networkCreated(), nodeEnrolled(1), nodeEnrolled(2)]).state;

function decide({ what, one, other }: Step, index: number, state: NetworkState): Decision {
  const command = meta({ commandId: `step-${index}` });
  switch (what) {
    case 'declare': {
      const ranges = { pods: [RANGES[one - 1]!], services: other === one ? [] : [RANGES[other - 1]!] };
      // The registry refuses pods and services that overlap each other.
      const refused = ranges.services.some((text) => overlaps(parsePrefix(text), parsePrefix(ranges.pods[0]!)));
      return {
        facts: refused || state.clusters.has(clusterId(one)) ? [] : [fact(clusterDeclared(one, ranges))],
        answer: null,
      };
    }
    case 'link':
      return decideLinkClusters(
        { ...command, linkId: linkId(100 + index), a: clusterId(one), b: clusterId(other) },
        state,
      );
    case 'unlink': {
      const ids = [...state.links.keys()].sort();
      return decideUnlinkClusters({ ...command, linkId: ids[one % ids.length] ?? linkId(1) }, state);
    }
    case 'gateway': {
      const range = { ranges: [EGRESS[other % EGRESS.length]!], members: [nodeId(1)], kind: 'egress' as const };
      return decideCreateGateway({ ...command, gatewayId: gatewayId(one), name: `gateway-${one}`, ...range }, state);
    }
    case 'no gateway':
      return decideRemoveGateway({ ...command, gatewayId: gatewayId(one) }, state);
  }
}

/** Every state between two facts, not only between two commands. */
function play(steps: Step[]): { states: NetworkState[]; facts: NewFact[] } {
  const states = [start];
  const facts: NewFact[] = [];
  steps.forEach((step, index) => {
    for (const one of attempt(() => decide(step, index, states.at(-1)!))) {
      facts.push(one);
      states.push(foldNew(networkFold, states.at(-1)!, [one]));
    }
  });
  return { states, facts };
}

function attempt(decision: () => Decision): NewFact[] {
  try {
    return decision().facts;
  } catch (error) {
    if (isRefusal(error)) return [];
    throw error;
  }
}

describe('over any history, after every single fact', () => {
  test('a virtual range overlaps nobody else’s prefix and is as long as the real one', () => {
    holds(history, 300, (steps) => {
      for (const state of play(steps).states)
        for (const { clusterId: id, real, virtual } of state.virtualRanges.values()) {
          const range = parsePrefix(virtual);
          expect(range.length).toBe(parsePrefix(real).length);
          const meets = ownersOf(state).filter((owner) => overlaps(owner.range, range));
          expect(meets.map(({ kind, id: owner }) => [kind, owner])).toEqual([['virtual', id]]);
        }
    });
  });

  test('a virtual range stays what it is as long as its cluster is linked', () => {
    holds(history, 300, (steps) => {
      const { states } = play(steps);
      states.slice(1).forEach((after, index) => {
        for (const [key, before] of states[index]!.virtualRanges)
          if (linkedWith(after, before.clusterId).length > 0) expect(after.virtualRanges.get(key)).toEqual(before);
      });
    });
  });

  test('linked clusters tell each other from themselves, and what crosses has one owner', () => {
    holds(history, 300, (steps) => {
      for (const state of play(steps).states)
        for (const cluster of state.clusters.values())
          for (const id of linkedWith(state, cluster.clusterId)) {
            const theirs = crossingRanges(state, state.clusters.get(id)!).map(({ crossing }) => parsePrefix(crossing));
            for (const range of theirs) {
              expect(realRanges(cluster).filter((own) => overlaps(own.range, range))).toEqual([]);
              expect(crossingOwners(state).filter((owner) => overlaps(owner.range, range))).toHaveLength(1);
            }
          }
    });
  });

  test('a snapshot and the rest is the same as the whole', () => {
    holds(fc.tuple(history, fc.nat()), 200, ([steps, pick]) => {
      const { states, facts } = play(steps);
      const at = pick % states.length;
      const snapshot = networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(states[at]!))));
      const resumed = foldNew(networkFold, snapshot, facts.slice(at));
      expect(JSON.stringify(networkFold.toJson(resumed))).toBe(JSON.stringify(networkFold.toJson(states.at(-1)!)));
    });
  });
});

test('such histories do link, translate and release', () => {
  const seen = fc
    .sample(history, { numRuns: 200, seed: 7 })
    .flatMap((steps) => play(steps).facts.map(({ type }) => type));
  expect(new Set(seen)).toEqual(
    new Set([
      clusterDeclared(1).type,
      linked(1, 1, 2).type,
      assigned(1, '', '').type,
      'ClustersUnlinked',
      'VirtualRangeReleased',
      gatewayCreated(1).type,
      'GatewayActivated',
      'GatewayRemoved',
    ]),
  );
});
