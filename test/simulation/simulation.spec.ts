import fc from 'fast-check';
import { holdsLater } from '../support/property.js';
import { NetworkSimulation } from './network-simulation.js';
import { WORLDS } from './worlds.js';

/** `npm run simulate` runs as many as one likes. */
const SCHEDULES = { nodes: 400, all: 80 };

test.each(Object.entries(SCHEDULES))(
  'of %s: after any storm every agent holds the plan, and on the way never anything but a plan that is sound with what others hold',
  async (world, schedules) => {
    const history = WORLDS[world as keyof typeof WORLDS];
    await holdsLater(fc.tuple(history, fc.integer()), schedules, async ([history, seed]) => {
      expect(await new NetworkSimulation(history, seed).run()).toEqual([]);
    });
  },
  240_000,
);
