import { Inject, Injectable } from '@nestjs/common';
import type { Command, Decision } from '#contracts/decision.js';
import { ConcurrencyConflict, Refusal, Unavailable } from '#contracts/errors.js';
import { isId, SYSTEM_STREAM } from '#contracts/names.js';
import type { EventStore } from '#event-store/core/event-store.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import { backOff, decisionsOn } from '#service/decisions-on.js';
import { networkOf } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { systemFold, type SystemState } from '#topology/system-fold.js';
import type { WriteRequest } from '../http/write-request.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** Every lost try means that another writer got on, so running out of tries takes a storm. */
const TRIES = 50;

/** The log as the registry decides on it. */
@Injectable()
export class Decisions {
  readonly store: EventStore;
  readonly networks: DecisionMaker<NetworkState>;
  readonly system: DecisionMaker<SystemState>;

  constructor(@Inject(REGISTRY_OPTIONS) { store, logger }: Pick<RegistryOptions, 'store' | 'logger'>) {
    this.store = store;
    this.networks = decisionsOn(networkFold, { store, logger });
    this.system = decisionsOn(systemFold, { store, logger });
  }

  /**
   * The state of the stream `system`; what was known last while the log is away, unless it must be `fresh`. Nothing is decided on
   * it: a command reads again, and fails without the log.
   * @throws Unavailable when the log is away, and nothing is known or it must be fresh
   */
  async systemState({ fresh = false } = {}): Promise<SystemState> {
    return (await this.system.current(SYSTEM_STREAM, { staleOk: !fresh })).state;
  }

  /** The state of a network by its stream, in the same way. */
  async networkState(networkId: string, { fresh = false } = {}): Promise<NetworkState> {
    return (await this.networks.current(networkId, { staleOk: !fresh })).state;
  }

  /** The state of a network that there is, by its name or id, in the same way. @throws Refusal not_found; Unavailable */
  async networkNamed(nameOrId: string): Promise<NetworkState> {
    const state = await this.networkState(await this.networkId(nameOrId));
    networkOf(state);
    return state;
  }

  /** The state of a network at a version that the log has reached. @throws Unavailable */
  async networkStateAt(networkId: string, version: number): Promise<NetworkState> {
    const now = await this.networks.current(networkId);
    return now.version === version ? now.state : (await this.networks.at(networkId, version)).state;
  }

  /** Finds a network by name or id. @throws Refusal not_found; Unavailable */
  async networkId(nameOrId: string): Promise<string> {
    const { networkIdByName, networks } = await this.systemState();
    const networkId = networkIdByName.get(nameOrId) ?? (networks.has(nameOrId) ? nameOrId : undefined);
    if (networkId === undefined) throw noNetwork(nameOrId);
    return networkId;
  }

  /**
   * Decides on a network, found by name or id, and returns the answer. What the request names is looked up inside the decision,
   * so that a repeated one gets its answer also when that is gone.
   * @throws Refusal; Unavailable
   */
  async decide<Answer>(
    nameOrId: string,
    write: WriteRequest,
    decide: (state: NetworkState) => Decision,
  ): Promise<Answer> {
    const outcome = await this.networks.execute<Answer>(await this.networkId(nameOrId), commandOf(write, decide));
    return outcome.answer;
  }

  /** The same on the stream `system`. @throws Refusal; Unavailable */
  async decideOnSystem<Answer>(write: WriteRequest, decide: (state: SystemState) => Decision): Promise<Answer> {
    return (await this.system.execute<Answer>(SYSTEM_STREAM, commandOf(write, decide))).answer;
  }

  /** Finds the log of a network by name, or by id a deleted one too. @throws Refusal not_found; Unavailable */
  async networkStream(nameOrId: string): Promise<string> {
    const networkId = (await this.systemState()).networkIdByName.get(nameOrId) ?? nameOrId;
    if (isId(networkId) && (await this.store.head(networkId)) > 0) return networkId;
    throw noNetwork(nameOrId);
  }

  /** As {@link networkStream}, or `system`. */
  async stream(nameOrId: string): Promise<string> {
    return nameOrId === SYSTEM_STREAM ? SYSTEM_STREAM : this.networkStream(nameOrId);
  }

  /**
   * Runs a command whose decision spans two streams, building it again each time the other stream moved meanwhile.
   * @throws Unavailable when it never stood still
   */
  async acrossStreams<Outcome>(attempt: () => Promise<Outcome>): Promise<Outcome> {
    for (let n = 1; n <= TRIES; n++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ConcurrencyConflict)) throw error;
        await backOff(n);
      }
    }
    throw new Unavailable(
      'log',
      'The log is written to too fast for this change; repeat it with the same Idempotency-Key.',
    );
  }
}

function commandOf<State>({ command, fingerprint }: WriteRequest, decide: (state: State) => Decision): Command<State> {
  return { commandId: command.commandId, fingerprint, decide };
}

function noNetwork(nameOrId: string): Refusal {
  return new Refusal('not_found', `There is no network "${nameOrId}". GET /api/v1/networks lists those there are.`);
}
