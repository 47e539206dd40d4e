import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { CommandReply } from '#contracts/command-request.js';
import type { Decision } from '#contracts/decision.js';
import type { LatencyReply, RelayCommandBodies, RelayCommandName } from '#contracts/relay-commands.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import { decisionsOn } from '#service/decisions-on.js';
import { describeReplica } from '#service/fact-owner.js';
import type { GuardedCommand } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { readLatencyRequest, readRequest } from './commands/read-request.js';
import { RelayLoop } from './relay-loop.js';
import { RelayPlannerMetrics } from './relay-planner.metrics.js';
import { RELAY_PLANNER_OPTIONS, type RelayPlannerOptions } from './relay-planner.options.js';
import type { RelayOutlook } from './relays/assign-relays.js';
import { decideAssignRelay, decideSetRelay, decideUnsetRelay } from './relays/relay.decider.js';

type Decide<Name extends RelayCommandName> = (
  command: GuardedCommand & RelayCommandBodies[Name] & { outlook: RelayOutlook },
  state: NetworkState,
) => Decision;

/** Owner of relays, their assignments, reachability and paths: decides on commands, and on what agents observe. */
@Injectable()
export class RelayPlannerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #decisions: DecisionMaker<NetworkState>;
  readonly #loop: RelayLoop;
  #endCommands: (() => Promise<void>)[] = [];

  constructor(@Inject(RELAY_PLANNER_OPTIONS) private readonly options: RelayPlannerOptions) {
    const { store, logger } = options;
    this.#decisions = decisionsOn(networkFold, { store, logger });
    const metrics = new RelayPlannerMetrics(options.metrics);
    this.#loop = new RelayLoop({ ...options, decisions: this.#decisions, metrics });
  }

  onApplicationBootstrap(): void {
    this.#loop.start();
    this.#endCommands = [
      this.options.serveCommand('describe', async () => this.describe()),
      this.options.serveCommand('latency', async (request) => this.#latency(request)),
      this.#serve('relay.set', decideSetRelay),
      this.#serve('relay.unset', decideUnsetRelay),
      this.#serve('relay.assign', decideAssignRelay),
    ];
  }

  /** What this replica follows, and how far. */
  describe() {
    return describeReplica('relay-planner', this.options);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#endCommands.map((end) => end()));
    await this.#loop.stop();
  }

  /** A network that this replica does not follow has no links. */
  #latency(request: unknown): LatencyReply {
    const { networkId, pairs } = readLatencyRequest(request);
    if (!this.options.networks.states.has(networkId)) return { links: pairs.map(() => null) };
    return { links: pairs.map((pair) => this.#loop.latency(networkId, pair)) };
  }

  /** The same command id again gets the first answer. */
  #serve<Name extends RelayCommandName>(name: Name, decide: Decide<Name>): () => Promise<void> {
    return this.options.serveCommand(name, async (request): Promise<CommandReply> => {
      const { networkId, fingerprint, meta, body } = readRequest(name, request);
      const at = this.options.clock.now().toISOString();
      const command = { ...body, ...meta, at, outlook: this.#loop.outlook(networkId) };
      const { answer, version, repeated } = await this.#decisions.execute(networkId, {
        commandId: meta.commandId,
        fingerprint: `${name} ${fingerprint}`,
        decide: (state) => decide(command, state),
      });
      return { answer, version, repeated };
    });
  }
}
