import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { GatewayCommandName, GatewayHealthReply } from '#contracts/gateway-commands.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import { decisionsOn } from '#service/decisions-on.js';
import { describeReplica } from '#service/fact-owner.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { CommandHandler } from './commands/command-handler.js';
import { HealthRequestFields } from './commands/command-request.dto.js';
import { COMMANDS } from './commands/command-table.js';
import { planCommand } from './commands/plan-command.js';
import { readFields } from './commands/read-fields.js';
import { ElectionLoop } from './election/election-loop.js';
import { GatewayManagerMetrics } from './gateway-manager.metrics.js';
import { GATEWAY_MANAGER_OPTIONS, type GatewayManagerOptions } from './gateway-manager.options.js';
import { gatewayHealth } from './gateways/gateway-health.js';

/** Owner of gateways, cluster links, external clients, virtual ranges and publications: decides on commands, and elects who serves. */
@Injectable()
export class GatewayManagerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #decisions: DecisionMaker<NetworkState>;
  readonly #election: ElectionLoop;
  readonly #commands: CommandHandler;
  #endCommands: (() => Promise<void>)[] = [];

  constructor(@Inject(GATEWAY_MANAGER_OPTIONS) private readonly options: GatewayManagerOptions) {
    const { store, logger, clock } = options;
    const metrics = new GatewayManagerMetrics(options.metrics);
    this.#decisions = decisionsOn(networkFold, { store, logger });
    this.#election = new ElectionLoop({ ...options, decisions: this.#decisions, metrics });
    this.#commands = new CommandHandler({ decisions: this.#decisions, now: clock.now, metrics });
  }

  onApplicationBootstrap(): void {
    const { serveCommand, clock } = this.options;
    this.#election.start();
    this.#endCommands = [
      serveCommand('describe', async () => this.describe()),
      serveCommand('plan', (request) => planCommand({ decisions: this.#decisions, now: clock.now }, request)),
      serveCommand('gateway.health', async (request) => this.health(request)),
      ...(Object.keys(COMMANDS) as GatewayCommandName[]).map((name) =>
        serveCommand(name, (request) => this.#commands.handle(name, request)),
      ),
    ];
  }

  /** What this replica follows, and how far. */
  describe() {
    return describeReplica('gateway-manager', this.options);
  }

  /** What this replica has heard of the members of a network's gateways. @throws Refusal `invalid` */
  health(request: unknown): GatewayHealthReply {
    const { networkId } = readFields(HealthRequestFields, request);
    const { watch, clock } = this.#election;
    return gatewayHealth(watch.of(networkId), { listened: clock.now(), wall: this.options.clock.now() });
  }

  async beforeApplicationShutdown(): Promise<void> {
    // Other replicas get what comes from now on; what is under way here is answered and decided.
    await Promise.all(this.#endCommands.map((end) => end()));
    await this.#election.stop();
  }
}
