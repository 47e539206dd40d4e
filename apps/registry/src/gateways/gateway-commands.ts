import { Inject, Injectable } from '@nestjs/common';
import { isRefusal } from '#contracts/errors.js';
import type { NewFact } from '#contracts/facts.js';
import type { GatewayCommandBodies, GatewayPlanReply, GatewayPlanRequest } from '#contracts/gateway-commands.js';
import { Decisions } from '../log/decisions.js';
import { OwnerCommands } from '../owners/owner-commands.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { inRequestFields } from './request-fields.js';

/** Changes what the gateway-manager owns. */
@Injectable()
export class GatewayCommands extends OwnerCommands<GatewayCommandBodies, 'plan'> {
  constructor(
    @Inject(Decisions) decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) { askGatewayManager }: Pick<RegistryOptions, 'askGatewayManager'>,
  ) {
    super(decisions, {
      service: 'gateway-manager',
      ask: async (command, request) => {
        try {
          return await askGatewayManager(command, request);
        } catch (error) {
          throw isRefusal(error) ? inRequestFields(error) : error;
        }
      },
    });
  }

  /** The facts that a command would make next. @throws Refusal; Unavailable */
  async plan(request: GatewayPlanRequest): Promise<NewFact[]> {
    return ((await this.ask('plan', request)) as GatewayPlanReply).facts;
  }
}
