import { Inject, Injectable } from '@nestjs/common';
import { isRefusal } from '#contracts/errors.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import type { WriteRequest } from '../http/write-request.js';
import { Decisions } from '../log/decisions.js';
import { decideDeleteNetwork } from './network.decider.js';

/** Facts of the stream `system` that are searched for an earlier deletion. */
const LOOK_BACK = 1_000;

/** Deletes networks: one decision in two streams. */
@Injectable()
export class NetworkDeletion {
  constructor(@Inject(Decisions) private readonly decisions: Decisions) {}

  /** @throws Refusal not_found, version_mismatch, network_not_empty; Unavailable */
  async delete(nameOrId: string, { command, fingerprint }: WriteRequest, force: boolean): Promise<void> {
    let networkId: string;
    try {
      networkId = await this.decisions.networkId(nameOrId);
    } catch (error) {
      // Its name is gone with it, so a repeated request no longer finds the stream that holds its answer.
      if (isRefusal(error) && (await this.wasDeletedBy(command.commandId))) return;
      throw error;
    }
    await this.decisions.acrossStreams(async () => {
      const system = await this.decisions.systemState();
      return this.decisions.networks.execute(networkId, {
        commandId: command.commandId,
        fingerprint,
        decide: (network) => decideDeleteNetwork({ ...command, networkId, force }, { network, system }),
      });
    });
  }

  private async wasDeletedBy(commandId: string): Promise<boolean> {
    const head = await this.decisions.store.head(SYSTEM_STREAM);
    const recent = await this.decisions.store.read(SYSTEM_STREAM, { after: Math.max(0, head - LOOK_BACK) });
    return recent.some((fact) => fact.type === 'NetworkDelisted' && fact.metadata.commandId === commandId);
  }
}
