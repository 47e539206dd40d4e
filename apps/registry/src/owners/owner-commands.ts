import type { CommandReply, CommandRequest } from '#contracts/command-request.js';
import { isRefusal, Unavailable } from '#contracts/errors.js';
import type { NetworkState } from '#topology/network-state.js';
import type { WriteRequest } from '../http/write-request.js';
import type { Decisions } from '../log/decisions.js';
import { earlierAnswer } from '../log/earlier-answer.js';

export interface OwnerCommand<Name, Body, View, Answer> {
  name: Name;
  /** Looks up what the request names. @throws Refusal */
  body(state: NetworkState): Body;
  /** The owner's answer with the names of what it refers to. */
  show(state: NetworkState, view: View): Answer;
}

export interface Owner<Name extends string> {
  /** As its service is called. */
  service: string;
  /** @throws Refusal; Unavailable */
  ask(command: Name, request: unknown): Promise<unknown>;
}

/**
 * Changes what another service owns: asks it, and shows what it answered. `Bodies`: name of a command → its body; `Other`:
 * what the owner is asked besides.
 */
export class OwnerCommands<Bodies extends object, Other extends string = never> {
  constructor(
    private readonly decisions: Pick<Decisions, 'networkId' | 'networkState' | 'networkStateAt' | 'store'>,
    private readonly owner: Owner<(keyof Bodies & string) | Other>,
  ) {}

  /**
   * The same command id again gets the first answer, also when what the request names is gone. What is read afterwards
   * holds the change: it is in the log before it is answered.
   * @throws Refusal; Unavailable while the owner or the log does not answer
   */
  async execute<Name extends keyof Bodies & string, View, Answer>(
    network: string,
    { command, fingerprint }: WriteRequest,
    { name, body, show }: OwnerCommand<Name, Bodies[Name], View, Answer>,
  ): Promise<Answer> {
    const networkId = await this.decisions.networkId(network);
    const { commandId, actor, expectedVersion } = command;
    const meta = { commandId, actor, ...(expectedVersion !== undefined && { expectedVersion }) };
    let request: CommandRequest<Bodies[Name]>;
    try {
      request = { networkId, fingerprint, meta, body: body(await this.decisions.networkState(networkId)) };
    } catch (error) {
      const earlier =
        isRefusal(error) && (await earlierAnswer(this.decisions, networkId, { name, commandId, fingerprint }));
      if (!earlier) throw error;
      const [version = 0] = earlier.versions.slice(-1);
      return show(await this.decisions.networkStateAt(networkId, version), earlier.answer as View);
    }
    const { answer, version } = (await this.ask(name, request)) as CommandReply<View>;
    return show(await this.decisions.networkStateAt(networkId, version), answer);
  }

  /** @throws Refusal; Unavailable, which says what to do */
  protected async ask(command: (keyof Bodies & string) | Other, request: unknown): Promise<unknown> {
    try {
      return await this.owner.ask(command, request);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const detail = `The ${this.owner.service} does not answer; repeat the request under the same Idempotency-Key.`;
      throw new Unavailable('service', detail, { cause: error });
    }
  }
}
