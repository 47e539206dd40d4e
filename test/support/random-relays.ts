import fc from 'fast-check';
import type { DirectPath, Reachability } from '#contracts/relay-facts.js';
import { pathBetween } from '#topology/relay-fold.js';
import type { NetworkHistory } from './network-history.js';
import {
  pathFailed,
  pathProven,
  pathTried,
  places,
  reachabilityDecided,
  relayAssigned,
  relaySet,
} from './relay-facts.js';

/** One thing that is decided on relays and paths, sensible or not. Numbers pick among what there is then. */
export type RelayStep =
  | { do: 'reach'; who: number; place: Reachability }
  | { do: 'set' | 'unset'; who: number }
  | { do: 'assign'; who: number; relay: number | null }
  | { do: 'try'; who: number; other: number; over: DirectPath }
  | { do: 'prove' | 'fail' | 'forget'; who: number; other: number; over: DirectPath };

const who = fc.nat({ max: 7 });
const over = fc.constantFrom<DirectPath>('lan', 'public', 'punched');

const relayStep: fc.Arbitrary<RelayStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reach' as const), who, place: places }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('set' as const, 'set' as const, 'unset' as const), who }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('assign' as const), who, relay: fc.option(fc.nat({ max: 3 })) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('try' as const), who, other: who, over }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('prove', 'fail', 'forget'), who, other: who, over }) },
);

/** Steps of relays with others between them. */
export const relaySteps = <Other>(other: fc.Arbitrary<Other>, maxLength: number) =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: relayStep.map((step) => ({ step })) },
      { weight: 1, arbitrary: other.map((other) => ({ other })) },
    ),
    { maxLength, size: 'max' },
  );

export function takeRelay(history: NetworkHistory, step: RelayStep): void {
  const { nodes, relays } = history.state;
  const present = [...nodes.keys()].sort();
  const nodeId = present[step.who % present.length];
  if (nodeId === undefined) return;
  switch (step.do) {
    case 'reach':
      return history.append(reachabilityDecided(nodeId, step.place));
    case 'set':
      return history.append(relaySet(nodeId));
    case 'unset':
      return history.append({ type: 'RelayUnset', data: { nodeId } });
    case 'assign': {
      const relayId = step.relay === null ? null : [...relays.keys()].sort()[step.relay % relays.size];
      return relayId === undefined ? undefined : history.append(relayAssigned(nodeId, relayId));
    }
  }
  const [a, b] = [nodeId, present[step.other % present.length] ?? nodeId].sort() as [string, string];
  const known = pathBetween(history.state, a, b);
  if (a === b) return;
  if (step.do === 'try') return history.append(pathTried(a, b, step.over));
  if (step.do === 'fail') return history.append(pathFailed(a, b, step.over));
  if (known) history.append(step.do === 'prove' ? pathProven(a, b) : { type: 'PathForgotten', data: { a, b } });
}
