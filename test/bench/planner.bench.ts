import { checkGroup } from '#planner/check-group.js';
import { checkNode } from '#planner/check-node.js';
import { digests } from '#planner/digests.js';
import { planChange } from '#planner/plan-change.js';
import { planNode } from '#planner/plan-node.js';
import { networkFold } from '#topology/network-fold.js';
import { NetworkHistory, publicEndpoint } from '../support/network-history.js';

/**
 * What the planner costs, as JSON on standard output: milliseconds, for full meshes of 1,000 and 10,000 nodes. One node in
 * four has a public endpoint, one in two belongs to one of 20 sites. `cold`: the first time in a process.
 */
const JOINS = 30;

function mesh(count: number): NetworkHistory {
  const history = new NetworkHistory();
  for (let i = 0; i < count; i++) join(history, i);
  return history;
}

function join(history: NetworkHistory, i: number): string {
  const endpoints = i % 4 === 0 ? [publicEndpoint(`203.0.${(i >> 8) & 255}.${i & 255}`)] : [];
  return history.join({ endpoints, site: i % 2 ? `site-${i % 40}` : null });
}

function timed<T>(work: () => T): { ms: number; result: T } {
  const start = performance.now();
  const result = work();
  return { ms: performance.now() - start, result };
}

function summary(times: number[]): { p50: number; max: number } {
  const sorted = [...times].sort((a, b) => a - b);
  return { p50: round(sorted[sorted.length >> 1] ?? 0), max: round(sorted.at(-1) ?? 0) };
}

const round = (ms: number) => Math.round(ms * 100) / 100;

function measure(nodes: number) {
  const history = mesh(nodes);
  const coldDigests = timed(() => digests(history.state));
  const joins = Array.from({ length: JOINS }, (_, i) => {
    const before = history.state;
    const nodeId = join(history, nodes + i);
    const after = history.state;
    const change = timed(() => {
      const { groups } = planChange(before, after, history.facts.slice(before.version));
      return [...groups];
    });
    const full = timed(() => planNode(after, nodeId));
    return {
      planChange: change.ms,
      planNode: full.ms,
      digestsOfOne: timed(() => digests(after, [nodeId])).ms,
      checkGroup: timed(() => change.result.flatMap((group) => checkGroup(after, group))).ms,
      checkNode: timed(() => checkNode(after, nodeId, full.result)).ms,
      recipients: change.result.reduce((sum, { nodeIds }) => sum + nodeIds.length, 0),
    };
  });
  const before = history.state;
  for (let i = 0; i < 200; i++) join(history, nodes + JOINS + i);
  const facts = history.facts.slice(before.version);
  const burst = timed(() => [...planChange(before, history.state, facts).groups]);
  return {
    nodes,
    oneJoin: {
      planChange: summary(joins.map((join) => join.planChange)),
      planNode: summary(joins.map((join) => join.planNode)),
      digestsOfOne: summary(joins.map((join) => join.digestsOfOne)),
      checkGroup: summary(joins.map((join) => join.checkGroup)),
      checkNode: summary(joins.map((join) => join.checkNode)),
      recipients: joins[0]?.recipients,
    },
    digests: { cold: round(coldDigests.ms), warm: round(timed(() => digests(history.state)).ms) },
    burstOf200: { planChange: round(burst.ms), groups: burst.result.length },
    // Changes every set in full: O(nodes²), so only for the smaller mesh.
    ...(nodes <= 1_000 && { policyFlip: flip(history) }),
    fold: {
      ms: round(timed(() => history.facts.reduce(networkFold.evolve, networkFold.initialState)).ms),
      facts: history.facts.length,
    },
  };
}

function flip(history: NetworkHistory) {
  const before = history.state;
  history.append({ type: 'NetworkChanged', data: { changes: { defaultPolicy: 'deny' } } });
  const { ms, result } = timed(() => {
    let removals = 0;
    for (const { removed } of planChange(before, history.state, history.facts.slice(before.version)).groups)
      removals += removed.length;
    return removals;
  });
  return { planChange: round(ms), removals: result };
}

console.log(JSON.stringify({ planner: [measure(1_000), measure(10_000)] }, null, 2));
