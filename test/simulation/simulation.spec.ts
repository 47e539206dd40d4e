import fc from 'fast-check';
import { holdsLater } from '../support/property.js';
import { histories } from '../support/random-history.js';
import { NetworkSimulation } from './network-simulation.js';

const SCHEDULES = 400;

test('after any storm every agent holds the plan, and on the way never anything but a plan', async () => {
  await holdsLater(fc.tuple(histories(30), fc.integer()), SCHEDULES, async ([history, seed]) => {
    expect(await new NetworkSimulation(history, seed).run()).toEqual([]);
  });
}, 240_000);
