import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { RELAY_PLANNER_OPTIONS, type RelayPlannerOptions } from './relay-planner.options.js';

/** Owner of relays, their assignments and paths: follows every network and answers commands on its subjects. */
@Injectable()
export class RelayPlannerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #endCommands: (() => Promise<void>) | undefined;

  constructor(@Inject(RELAY_PLANNER_OPTIONS) private readonly options: RelayPlannerOptions) {}

  onApplicationBootstrap(): void {
    this.#endCommands = this.options.serveCommand('describe', async () => this.describe());
  }

  /** What this replica follows, and how far. */
  describe(): { service: 'relay-planner'; replica: string; networks: Record<string, number> } {
    const { replica, networks } = this.options;
    const versions = [...networks.states].map(([network, { version }]) => [network, version] as const);
    return { service: 'relay-planner', replica, networks: Object.fromEntries(versions) };
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#endCommands?.();
  }
}
