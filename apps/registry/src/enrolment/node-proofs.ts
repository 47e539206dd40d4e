import { Inject, Injectable } from '@nestjs/common';
import { type NodeProof, proofText } from '#contracts/enrolment.js';
import { Refusal } from '#contracts/errors.js';
import { isId } from '#contracts/names.js';
import { verifyText } from '#messaging/nkeys.js';
import { FailedAttempts } from '../auth/failed-attempts.js';
import { NetworkDirectory } from '../log/network-directory.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** How far the clocks of node and service may be apart: old proofs are worthless, and no node needs a perfect clock. */
const TOLERANCE_MS = 5 * 60 * 1000;

/** Checks that a request comes from the node that it names. */
@Injectable()
export class NodeProofs {
  constructor(
    @Inject(NetworkDirectory) private readonly directory: NetworkDirectory,
    @Inject(FailedAttempts) private readonly failedAttempts: FailedAttempts,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'clock'>,
  ) {}

  /**
   * Also proves nodes that were removed lately, so that leaving twice is no error.
   * @throws Refusal unauthorized; TooManyRequests; Unavailable
   */
  async verify(nodeId: string, proof: NodeProof, address: string): Promise<{ networkId: string }> {
    const known = isId(nodeId) ? await this.ownerOf(nodeId) : undefined;
    if (!known || !verifyText(known.natsKey, proofText(proof, nodeId), proof.signature)) {
      const refusal = new Refusal(
        'unauthorized',
        'This proof is not that of a node known here. Join again with a new key.',
      );
      throw this.failedAttempts.refuse(address, refusal);
    }
    const now = this.options.clock.now();
    const apart = Math.abs(now.getTime() - Date.parse(proof.at));
    if (apart <= TOLERANCE_MS) return known;
    throw new Refusal(
      'unauthorized',
      `The proof is from ${proof.at} and it is ${now.toISOString()} here. Set the clock of the node.`,
    );
  }

  private ownerOf(nodeId: string): Promise<{ networkId: string; natsKey: string } | undefined> {
    return this.directory.find(({ nodes, removedNodes, network }) => {
      const natsKey = nodes.get(nodeId)?.natsKey ?? removedNodes.get(nodeId)?.natsKey;
      return network && natsKey !== undefined ? { networkId: network.networkId, natsKey } : undefined;
    });
  }
}
