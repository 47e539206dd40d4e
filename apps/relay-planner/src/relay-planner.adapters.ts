import { type FactOwnerAdapters, factOwnerOptions } from '#service/fact-owner.js';
import type { RelayPlannerOptions } from './relay-planner.options.js';

/** The relay-planner over the real log and the real broker. */
export const relayPlannerOptions = (adapters: FactOwnerAdapters): RelayPlannerOptions =>
  factOwnerOptions('relay-planner', adapters);
