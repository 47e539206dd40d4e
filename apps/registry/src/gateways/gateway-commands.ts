import { Inject, Injectable } from '@nestjs/common';
import { isRefusal, Unavailable } from '#contracts/errors.js';
import type {
  GatewayCommandBodies,
  GatewayCommandName,
  GatewayCommandReply,
  GatewayCommandRequest,
  GatewayPlanReply,
  GatewayPlanRequest,
} from '#contracts/gateway-commands.js';
import type { NewFact } from '#contracts/facts.js';
import type { NetworkState } from '#topology/network-state.js';
import type { WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { earlierAnswer } from '../log/earlier-answer.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { inRequestFields } from './request-fields.js';

export interface GatewayCommand<Name extends GatewayCommandName, View, Answer> {
  name: Name;
  /** Looks up what the request names. @throws Refusal */
  body(state: NetworkState): GatewayCommandBodies[Name];
  /** The owner's answer with the names of what it refers to. */
  show(state: NetworkState, view: View): Answer;
}

/** Changes what the gateway-manager owns: asks it, and shows what it answered. */
@Injectable()
export class GatewayCommands {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'askGatewayManager'>,
  ) {}

  /**
   * The same command id again gets the first answer, also when what the request names is gone. What is read afterwards
   * holds the change: it is in the log before it is answered.
   * @throws Refusal; Unavailable while the gateway-manager or the log does not answer
   */
  async execute<Name extends GatewayCommandName, View, Answer>(
    network: string,
    { command, fingerprint }: WriteRequest,
    { name, body, show }: GatewayCommand<Name, View, Answer>,
  ): Promise<Answer> {
    const networkId = await this.decisions.networkId(network);
    const { commandId, actor, expectedVersion } = command;
    const meta = { commandId, actor, ...(expectedVersion !== undefined && { expectedVersion }) };
    let request: GatewayCommandRequest<GatewayCommandBodies[Name]>;
    try {
      request = { networkId, fingerprint, meta, body: body(await this.decisions.networkState(networkId)) };
    } catch (error) {
      const earlier =
        isRefusal(error) && (await earlierAnswer(this.decisions, networkId, { name, commandId, fingerprint }));
      if (!earlier) throw error;
      const [version = 0] = earlier.versions.slice(-1);
      return show(await this.decisions.networkStateAt(networkId, version), earlier.answer as View);
    }
    const { answer, version } = (await this.ask(name, request)) as GatewayCommandReply<View>;
    return show(await this.decisions.networkStateAt(networkId, version), answer);
  }

  /** The facts that a command would make next. @throws Refusal; Unavailable */
  async plan(request: GatewayPlanRequest): Promise<NewFact[]> {
    return ((await this.ask('plan', request)) as GatewayPlanReply).facts;
  }

  private async ask(name: GatewayCommandName | 'plan', request: unknown): Promise<unknown> {
    try {
      return await this.options.askGatewayManager(name, request);
    } catch (error) {
      if (isRefusal(error)) throw inRequestFields(error);
      if (!(error instanceof Unavailable)) throw error;
      const detail = 'The gateway-manager does not answer; repeat the request under the same Idempotency-Key.';
      throw new Unavailable('service', detail, { cause: error });
    }
  }
}
