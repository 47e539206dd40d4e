import fc from 'fast-check';
import { contradictions } from '../packets/contradictions.js';
import { relayedTopologies, topologies } from '../packets/random-topology.js';
import type { NetworkHistory } from '../support/network-history.js';
import { histories, wholeHistories } from '../support/random-history.js';
import { NetworkSimulation } from './network-simulation.js';

/** What may happen in the networks that are simulated: to nodes and their keys, or to gateways, clusters, relays and paths besides. */
export const WORLDS: Record<'nodes' | 'all', fc.Arbitrary<NetworkHistory>> = {
  nodes: histories(30),
  all: wholeHistories(20),
};

const only = <T>(arbitrary: fc.Arbitrary<T>, seed: number): T => fc.sample(arbitrary, { seed, numRuns: 1 })[0]!;

const simulated = (history: fc.Arbitrary<NetworkHistory>) => (seed: number) =>
  new NetworkSimulation(only(history, seed), seed).run();

const followed = (history: fc.Arbitrary<NetworkHistory>) => (seed: number) =>
  Promise.resolve(contradictions(only(history, seed).state));

/** What one seed finds wrong: in a schedule of one of the worlds, or with packets that are followed through one network. */
export const FAULTS_OF: Record<string, (seed: number) => Promise<string[]>> = {
  nodes: simulated(WORLDS.nodes),
  all: simulated(WORLDS.all),
  packets: followed(topologies()),
  relayed: followed(relayedTopologies()),
};
