import { Inject, Injectable } from '@nestjs/common';
import type { RelayCommandBodies } from '#contracts/relay-commands.js';
import { Decisions } from '../log/decisions.js';
import { OwnerCommands } from '../owners/owner-commands.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** Changes what the relay-planner owns. */
@Injectable()
export class RelayCommands extends OwnerCommands<RelayCommandBodies> {
  constructor(
    @Inject(Decisions) decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) { askRelayPlanner }: Pick<RegistryOptions, 'askRelayPlanner'>,
  ) {
    super(decisions, {
      service: 'relay-planner',
      ask: askRelayPlanner,
    });
  }
}
