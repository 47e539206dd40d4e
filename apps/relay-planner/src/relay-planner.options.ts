import type { FactOwnerOptions } from '#service/fact-owner.js';

export type RelayPlannerOptions = FactOwnerOptions;

export const RELAY_PLANNER_OPTIONS = Symbol('relay-planner options');
