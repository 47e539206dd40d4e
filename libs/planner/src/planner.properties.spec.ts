import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Map as ImmutableMap } from 'immutable';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { digestOf, type Resource } from '#contracts/node-stream.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import type { NetworkHistory } from '../../../test/support/network-history.js';
import { PlanFollower } from '../../../test/support/plan-follower.js';
import { holds } from '../../../test/support/property.js';
import {
  gatewayHistories,
  histories,
  relayedGatewayHistories,
  relayHistories,
} from '../../../test/support/random-history.js';
import { checkGroup } from './check-group.js';
import { checkPlan } from './check-plan.js';
import { digests } from './digests.js';
import { planChange } from './plan-change.js';
import { planAll, planNode } from './plan-node.js';

const HISTORIES = 1000;
const batches = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });

/** One history serves all properties: to make one and its plans from scratch takes longer than to look at them. */
test.each([
  ['of nodes', histories(24), HISTORIES],
  ['of nodes, clusters and gateways', gatewayHistories(8), HISTORIES],
  ['of nodes, relays and paths', relayHistories(14), HISTORIES],
  ['of relays and what is behind gateways', relayedGatewayHistories(8), HISTORIES / 4],
])('random histories %s keep every property', (_, history, count) => {
  const choices = fc.infiniteStream(fc.nat());
  holds(fc.tuple(history, batches, choices), count, ([history, sizes, choices]) => {
    changesOneByOneGiveThePlanAndTouchOnlyNodesTheyMust(history);
    changesInBatchesGiveThePlanAndOnlyRealDifferences(history, sizes);
    digestsAreThoseOfTheSets(history);
    everyPlanKeepsTheInvariants(history);
    orderOfUnrelatedFactsAndNodesChangesNoByte(history, choices);
  });
});

function changesOneByOneGiveThePlanAndTouchOnlyNodesTheyMust(history: NetworkHistory): void {
  const follower = new PlanFollower();
  for (const { before, after, facts } of steps(history, [1])) {
    const change = planChange(before, after, facts);
    follower.apply(change, (nodeId) => planNode(after, nodeId));
    const [plan, next] = [scratch(before), scratch(after)];
    equal(follower.plan, next);
    equal(
      [...change.groups].flatMap(({ nodeIds }) => nodeIds).sort(),
      [...next.keys()].filter((id) => plan.has(id) && !isDeepStrictEqual(plan.get(id), next.get(id))),
    );
    equal(follower.digests, digests(after));
  }
}

function changesInBatchesGiveThePlanAndOnlyRealDifferences(history: NetworkHistory, sizes: number[]): void {
  const follower = new PlanFollower();
  for (const { before, after, facts } of steps(history, sizes)) {
    const [was, next] = [scratch(before), scratch(after)];
    const change = planChange(before, after, facts);
    for (const group of change.groups) {
      for (const nodeId of group.nodeIds) equal(group, { ...group, ...differenceOf(was, next, nodeId) });
      equal(checkGroup(after, group), []);
    }
    follower.apply(change, (nodeId) => planNode(after, nodeId));
    equal(follower.plan, next);
    equal(follower.digests, digests(after));
  }
}

function digestsAreThoseOfTheSets({ state }: NetworkHistory): void {
  const expected = digestsOf(scratch(state));
  equal(digests(state), expected);
  const [some] = expected.keys();
  if (some) equal(digests(state, [some]), new Map([[some, expected.get(some)]]));
}

function everyPlanKeepsTheInvariants(history: NetworkHistory): void {
  for (const { after } of steps(history, [5])) equal(checkPlan(after, scratch(after)), []);
}

function orderOfUnrelatedFactsAndNodesChangesNoByte(history: NetworkHistory, choices: fc.Stream<number>): void {
  const expected = bytes(scratch(history.state));
  const shuffled = interleaved(history.facts, choices).reduce(networkFold.evolve, networkFold.initialState);
  equal(bytes(planAll(shuffled)), expected);
  const reversed = ImmutableMap([...history.state.nodes].reverse());
  equal(bytes(planAll({ ...history.state, nodes: reversed })), expected);
}

const known = new WeakMap<NetworkState, Map<string, Resource[]>>();

/** The plan of a state from scratch, made once. */
function scratch(state: NetworkState): Map<string, Resource[]> {
  let plan = known.get(state);
  if (!plan) known.set(state, (plan = planAll(state)));
  return plan;
}

interface HistoryStep {
  before: NetworkState;
  after: NetworkState;
  facts: RecordedFact<NetworkFact>[];
}

/** A history cut into batches of these sizes, over and over. */
function steps(history: NetworkHistory, sizes: number[]): HistoryStep[] {
  const cut: HistoryStep[] = [];
  for (let from = 0, i = 0; from < history.facts.length; i++) {
    const to = Math.min(history.facts.length, from + (sizes[i % sizes.length] ?? 1));
    cut.push({ before: history.stateAt(from), after: history.stateAt(to), facts: history.facts.slice(from, to) });
    from = to;
  }
  return cut;
}

function differenceOf(was: Map<string, Resource[]>, is: Map<string, Resource[]>, nodeId: string) {
  const before = was.get(nodeId) ?? [];
  const after = is.get(nodeId) ?? [];
  return {
    upserts: after.filter((body) => !before.some((old) => isDeepStrictEqual(old, body))),
    removed: before.map(({ name }) => name).filter((name) => !after.some((body) => body.name === name)),
  };
}

function digestsOf(plan: Map<string, Resource[]>): Map<string, bigint> {
  return new Map([...plan].map(([nodeId, resources]) => [nodeId, digestOf(resources)]));
}

/**
 * The same facts with those of each node in order, and those of everything else with the nodes in it, but otherwise
 * mixed.
 */
function interleaved(facts: RecordedFact<NetworkFact>[], choices: fc.Stream<number>): RecordedFact<NetworkFact>[] {
  const [created, ...rest] = facts;
  const strands = new Map<string, RecordedFact<NetworkFact>[]>();
  const text = JSON.stringify(rest.filter(({ type }) => !type.startsWith('Node')));
  for (const fact of rest) {
    const key = 'nodeId' in fact.data && !text.includes(fact.data.nodeId) ? fact.data.nodeId : '';
    strands.set(key, [...(strands.get(key) ?? []), fact]);
  }
  const mixed = created ? [created] : [];
  while (strands.size > 0) {
    const keys = [...strands.keys()];
    const key = keys[choices.next().value % keys.length] ?? '';
    const [next, ...later] = strands.get(key) ?? [];
    if (next) mixed.push({ ...next, version: mixed.length + 1 });
    if (later.length > 0) strands.set(key, later);
    else strands.delete(key);
  }
  return mixed;
}

/** Without the numbers of requests for a key: those are versions of the log, which differ where its order does. */
const bytes = (plan: Map<string, Resource[]>) => JSON.stringify([...plan]).replaceAll(/,"wanted":\d+/g, '');

/** `toEqual` writes the better message, this is the faster comparison: it runs some hundred thousand times. */
function equal(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}
