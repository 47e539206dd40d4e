import { Inject, Injectable } from '@nestjs/common';
import type { GatewayHealthReply, GatewayMemberHealth } from '#contracts/gateway-commands.js';
import { networkOf } from '#topology/lookup.js';
import type { NetworkState } from '#topology/network-state.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** By gateway id, then by node id. */
export type HealthOfGateways = ReadonlyMap<string, ReadonlyMap<string, GatewayMemberHealth>>;

/** Whoever asks for the status shall not wait for a service that is away. */
const ASK_BRIEFLY = { withinMs: 1_000 };

/** What one replica of the gateway-manager has heard of the members of gateways. */
@Injectable()
export class GatewayHealth {
  constructor(
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'askGatewayManager' | 'logger'>,
  ) {}

  /** @returns undefined when it does not answer: the rest of a status is known without it */
  async of(state: NetworkState): Promise<HealthOfGateways | undefined> {
    const { networkId } = networkOf(state);
    try {
      const reply = await this.options.askGatewayManager('gateway.health', { networkId }, ASK_BRIEFLY);
      const { gateways } = reply as GatewayHealthReply;
      return new Map(
        gateways.map(({ gatewayId, members }) => [gatewayId, new Map(members.map((one) => [one.nodeId, one]))]),
      );
    } catch (error) {
      this.options.logger.debug({ err: error, network: networkId }, 'the health of gateways is not known');
      return undefined;
    }
  }
}
