import type fc from 'fast-check';
import type { NetworkHistory } from '../support/network-history.js';
import { histories, wholeHistories } from '../support/random-history.js';

/** What may happen in the networks that are simulated: to nodes and their keys, or to gateways, clusters, relays and paths besides. */
export const WORLDS: Record<'nodes' | 'all', fc.Arbitrary<NetworkHistory>> = {
  nodes: histories(30),
  all: wholeHistories(20),
};
