import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { sha256Hex } from '#contracts/canonical.js';
import type { NodeState } from '#topology/network-state.js';
import { Decisions } from '../log/decisions.js';
import { NetworkDirectory } from '../log/network-directory.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { NodeLiveness } from '../status/node-liveness.js';
import { decideExpireNode } from './node-lifecycle.decider.js';
import { SilenceCounter } from './silence.js';

const TICK = 5_000;

/**
 * Removes ephemeral nodes that have been silent for their TTL. Silence is what this process itself has not heard, by a
 * clock that only grows: a step of the wall clock, a pause or a broker that was away never removes a node early.
 */
@Injectable()
export class NodeExpiry implements OnModuleInit, OnModuleDestroy {
  private readonly silence = new SilenceCounter(3 * TICK);
  private timer: NodeJS.Timeout | undefined;
  private stopHearing: (() => void) | undefined;

  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(NetworkDirectory) private readonly directory: NetworkDirectory,
    @Inject(NodeLiveness) private readonly liveness: NodeLiveness,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'clock' | 'reports' | 'logger'>,
  ) {}

  onModuleInit(): void {
    this.stopHearing = this.liveness.onHeard((nodeId) => this.silence.hear(nodeId));
    this.timer = setTimeout(() => void this.sweepAndGoOn(), TICK);
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.stopHearing?.();
  }

  /** Looks at all nodes once. */
  async sweep(): Promise<void> {
    const nodes = new Map<string, { networkId: string; node: NodeState }>();
    for (const { network, nodes: members } of this.directory.all())
      if (network) for (const [nodeId, node] of members) nodes.set(nodeId, { networkId: network.networkId, node });
    this.liveness.keepOnly((nodeId) => nodes.has(nodeId));

    const ephemeral = [...nodes.values()].filter(({ node }) => node.ephemeralTtl !== null);
    const watched = ephemeral.map(({ node }) => node.nodeId);
    // After a pause of this process the timer is served before what waits on the connection.
    const isListening = await this.options.reports.listening();
    this.silence.tick(watched, this.options.clock.monotonic(), isListening);
    const expired = ephemeral.filter(({ node }) => this.silence.of(node.nodeId) > node.ephemeralTtl! * 1000);
    await Promise.all(expired.map(({ networkId, node }) => this.expire(networkId, node)));
  }

  private async sweepAndGoOn(): Promise<void> {
    await this.sweep();
    if (this.timer) this.timer = setTimeout(() => void this.sweepAndGoOn(), TICK);
  }

  private async expire(networkId: string, { nodeId, ephemeralTtl }: NodeState): Promise<void> {
    const now = this.options.clock.now();
    const lastSeen = new Date(now.getTime() - this.silence.of(nodeId)).toISOString();
    const commandId = sha256Hex(`expire:${nodeId}:${now.toISOString()}`);
    const command = { commandId, actor: 'service/registry', at: now.toISOString(), nodeId, lastSeen };
    try {
      const { facts } = await this.decisions.networks.execute(networkId, {
        commandId,
        fingerprint: 'expire',
        decide: (state) => decideExpireNode(command, state),
      });
      if (facts.length > 0) this.options.logger.info({ nodeId, ephemeralTtl, lastSeen }, 'ephemeral node removed');
    } catch (error) {
      // The next tick tries again.
      this.options.logger.warn({ err: error, nodeId }, 'ephemeral node not removed');
    }
  }
}
