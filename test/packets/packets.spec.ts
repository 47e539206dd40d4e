import fc from 'fast-check';
import { holds } from '../support/property.js';
import { contradictions } from './contradictions.js';
import { relayedTopologies, topologies } from './random-topology.js';

const NAME = 'where the rules say, both ways, from the address that the rules say, and nowhere else';

test(`packets go ${NAME}`, () => {
  const met = { reached: 0, kept: 0, unrelayed: 0 };
  holds(topologies(), 1000, ({ state }) => refuse(contradictions(state, met)));
  // A property about packets that never arrive would hold for an empty plan.
  expect(met.reached).toBeGreaterThan(10_000);
  expect(met.kept).toBeGreaterThan(10_000);
});

test(`packets go over relays ${NAME}, unless the plan says what a relay does not take`, () => {
  const met = { reached: 0, kept: 0, unrelayed: 0 };
  const seed = Number(process.env.TOMBOLO_SEED ?? 1);
  for (const { state } of fc.sample(relayedTopologies(), { numRuns: 300, seed })) refuse(contradictions(state, met));
  expect(met.reached).toBeGreaterThan(5_000);
  expect(met.kept).toBeGreaterThan(5_000);
  expect(met.unrelayed).toBeLessThan(met.reached / 100);
});

function refuse(wrong: string[]): void {
  if (wrong.length > 0) throw new Error(wrong.slice(0, 3).join('\n'));
}
