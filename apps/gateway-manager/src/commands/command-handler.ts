import type { CommandReply } from '#contracts/command-request.js';
import { isRefusal } from '#contracts/errors.js';
import type { GatewayCommandName } from '#contracts/gateway-commands.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { GuardedCommand } from '#topology/command.js';
import type { NetworkState } from '#topology/network-state.js';
import type { GatewayManagerMetrics } from '../gateway-manager.metrics.js';
import { CommandRequestFields } from './command-request.dto.js';
import { COMMANDS, type CommandEntry } from './command-table.js';
import { readFields } from './read-fields.js';

export interface CommandHandlerOptions {
  decisions: Pick<DecisionMaker<NetworkState>, 'execute'>;
  now(): Date;
  metrics: Pick<GatewayManagerMetrics, 'commands'>;
}

/** What came over the network, as a command on its network's stream. */
export class CommandHandler {
  constructor(private readonly options: CommandHandlerOptions) {}

  /**
   * Decides a `CommandRequest`; the same command id again gets the first answer.
   * @throws Refusal `invalid` for a request of another shape, `idempotency_mismatch`, and what the decider refuses; Unavailable
   */
  async handle(name: GatewayCommandName, request: unknown): Promise<CommandReply> {
    const { commands } = this.options.metrics;
    try {
      const reply = await this.#execute(name, request);
      commands.inc({ command: name, outcome: reply.repeated ? 'repeated' : 'done' });
      return reply;
    } catch (error) {
      commands.inc({ command: name, outcome: isRefusal(error) ? 'refused' : 'failed' });
      throw error;
    }
  }

  async #execute(name: GatewayCommandName, request: unknown): Promise<CommandReply> {
    const { networkId, fingerprint, meta, body } = readFields(CommandRequestFields, request);
    // The table pairs each class with its own decider; here only that they belong together is known.
    const { fields, decide } = COMMANDS[name] as CommandEntry<object>;
    const command: GuardedCommand = { ...readFields(fields, body, 'body'), ...meta, at: this.#now() };
    const { answer, version, repeated } = await this.options.decisions.execute(networkId, {
      commandId: meta.commandId,
      fingerprint: `${name} ${fingerprint}`,
      decide: (state) => decide(command, state),
    });
    return { answer, version, repeated };
  }

  #now = () => this.options.now().toISOString();
}
