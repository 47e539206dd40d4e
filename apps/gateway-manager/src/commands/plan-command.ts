import type { GatewayPlanReply } from '#contracts/gateway-commands.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import { foldNew, type GuardedCommand } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { PlanRequestFields } from './command-request.dto.js';
import { COMMANDS, type CommandEntry } from './command-table.js';
import { readFields } from './read-fields.js';

export interface PlanOptions {
  decisions: Pick<DecisionMaker<NetworkState>, 'current' | 'at'>;
  now(): Date;
}

/**
 * Decides a `GatewayPlanRequest` on the state that is planned so far, as the command itself would be decided; nothing is
 * written.
 * @throws Refusal `invalid` for a request of another shape, and what the decider refuses; Unavailable
 */
export async function planCommand({ decisions, now }: PlanOptions, request: unknown): Promise<GatewayPlanReply> {
  const { networkId, version, facts, meta, command: name, body } = readFields(PlanRequestFields, request);
  // The table pairs each class with its own decider; here only that they belong together is known.
  const { fields, decide } = COMMANDS[name] as CommandEntry<object>;
  const command: GuardedCommand = { ...readFields(fields, body, 'body'), ...meta, at: now().toISOString() };
  const newest = await decisions.current(networkId);
  const { state } = newest.version === version ? newest : await decisions.at(networkId, version);
  return { facts: decide(command, foldNew(networkFold, state, facts)).facts };
}
