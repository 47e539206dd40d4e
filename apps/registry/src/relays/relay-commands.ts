import { Inject, Injectable } from '@nestjs/common';
import { isRefusal, Unavailable } from '#contracts/errors.js';
import type {
  RelayCommandBodies,
  RelayCommandName,
  RelayCommandReply,
  RelayCommandRequest,
} from '#contracts/relay-commands.js';
import type { NetworkState } from '#topology/network-state.js';
import type { WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { earlierAnswer } from '../log/earlier-answer.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

export interface RelayCommand<Name extends RelayCommandName, View, Answer> {
  name: Name;
  /** Looks up what the request names. @throws Refusal */
  body(state: NetworkState): RelayCommandBodies[Name];
  /** The owner's answer with the names of what it refers to. */
  show(state: NetworkState, view: View): Answer;
}

/** Changes what the relay-planner owns: asks it, and shows what it answered. */
@Injectable()
export class RelayCommands {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'askRelayPlanner'>,
  ) {}

  /**
   * The same command id again gets the first answer, also when the node that the request names is gone. What is read afterwards holds the change.
   * @throws Refusal; Unavailable while the relay-planner or the log does not answer
   */
  async execute<Name extends RelayCommandName, View, Answer>(
    network: string,
    { command, fingerprint }: WriteRequest,
    { name, body, show }: RelayCommand<Name, View, Answer>,
  ): Promise<Answer> {
    const networkId = await this.decisions.networkId(network);
    const { commandId, actor, expectedVersion } = command;
    const meta = { commandId, actor, ...(expectedVersion !== undefined && { expectedVersion }) };
    let request: RelayCommandRequest<RelayCommandBodies[Name]>;
    try {
      request = { networkId, fingerprint, meta, body: body(await this.decisions.networkState(networkId)) };
    } catch (error) {
      const earlier =
        isRefusal(error) && (await earlierAnswer(this.decisions, networkId, { name, commandId, fingerprint }));
      if (!earlier) throw error;
      const [version = 0] = earlier.versions.slice(-1);
      return show(await this.decisions.networkStateAt(networkId, version), earlier.answer as View);
    }
    const { answer, version } = await this.ask<View>(name, request);
    return show(await this.decisions.networkStateAt(networkId, version), answer);
  }

  private async ask<View>(name: RelayCommandName, request: unknown): Promise<RelayCommandReply<View>> {
    try {
      return (await this.options.askRelayPlanner(name, request)) as RelayCommandReply<View>;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const detail = 'The relay-planner does not answer; repeat the request under the same Idempotency-Key.';
      throw new Unavailable('service', detail, { cause: error });
    }
  }
}
