import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { sha256Hex } from '#contracts/canonical.js';
import { arePeers } from '#planner/permitted.js';
import { mayTakeNextKey } from '#topology/lock-members.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { Decisions } from '../log/decisions.js';
import { NetworkDirectory } from '../log/network-directory.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { NodeLiveness } from '../status/node-liveness.js';
import { decideFinishKeyRotation } from './key-rotation.decider.js';

/** Milliseconds between two looks while a key is offered. */
const LOOK = 100;
/** Milliseconds after which peers that have not told that they learned the key are left to learn it late. */
export const PATIENCE = 15_000;
/** Milliseconds of silence after which a peer counts as away. Three heartbeats. */
const AWAY = 90_000;

interface Offer {
  node: NodeState;
  publicKey: string;
  /** Log version from which the node knows that its key is on offer. */
  offered: number;
  /** Log version from which the others know the key. Its signature is told to them alone. */
  version: number;
}

/**
 * Makes an offered key the one in use as soon as the node itself and all its peers that are there have told that they
 * hold the offer. Peers that say nothing are waited for a while; the node itself is waited for without limit, because a
 * node that does not hear of the change would be cut off, and under a lock an operator, because its peers would refuse it. Every replica does it; the first one's fact counts.
 */
@Injectable()
export class KeyRotations implements OnModuleInit, OnModuleDestroy {
  /** When this replica saw an offer first, by key, milliseconds of the growing clock. */
  private seen = new Map<string, number>();
  private stopFollowing: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private changed = false;
  private stopped = false;

  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(NetworkDirectory) private readonly directory: NetworkDirectory,
    @Inject(NodeLiveness) private readonly liveness: NodeLiveness,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'clock' | 'logger'>,
  ) {}

  onModuleInit(): void {
    this.stopFollowing = this.directory.onChanged(() => this.lookLater());
  }

  onModuleDestroy(): void {
    this.stopped = true;
    this.stopFollowing?.();
    clearTimeout(this.timer);
  }

  /** Looks at all offers once. */
  async look(): Promise<void> {
    const seen = new Map<string, number>();
    for (const state of this.directory.all())
      for (const offer of offersOf(state)) {
        const since = this.seen.get(offer.publicKey) ?? this.options.clock.monotonic();
        seen.set(offer.publicKey, since);
        if (this.isDue(state, offer, since)) await this.finish(state, offer);
      }
    this.seen = seen;
  }

  /** What waits for a signature is looked at when something changes: it may wait for days. */
  private lookLater(): void {
    this.changed = true;
    if (this.stopped || this.timer || ![...this.directory.all()].some(hasOffers)) return;
    this.timer = setTimeout(() => {
      this.changed = false;
      void this.look().finally(() => {
        this.timer = undefined;
        if (this.changed || this.seen.size > 0) this.lookLater();
      });
    }, LOOK);
  }

  private isDue(state: NetworkState, { node, offered, version }: Offer, since: number): boolean {
    const { clock } = this.options;
    const heldBy = ({ nodeId }: NodeState) => this.liveness.heldVersion(nodeId) ?? 0;
    const knows = (other: NodeState) => heldBy(other) >= (other === node ? offered : version);
    if (!knows(node)) return false;
    if (clock.monotonic() - since > PATIENCE) return true;
    const now = clock.now().getTime();
    const isThere = ({ nodeId }: NodeState) => now - Date.parse(this.liveness.of(nodeId)?.lastSeen ?? '') < AWAY;
    return state.nodes.every((other) => !arePeers(state, node, other) || !isThere(other) || knows(other));
  }

  private async finish(state: NetworkState, { node, publicKey }: Offer): Promise<void> {
    const { nodeId } = node;
    const { logger, clock } = this.options;
    const commandId = sha256Hex(`rotate-key:${nodeId}:${publicKey}`);
    const command = { commandId, actor: 'service/registry', at: clock.now().toISOString(), nodeId, publicKey };
    try {
      const { facts } = await this.decisions.networks.execute(state.network?.networkId ?? '', {
        commandId,
        fingerprint: 'rotate-key',
        decide: (now) => decideFinishKeyRotation(command, now),
      });
      if (facts.length > 0) logger.info({ nodeId }, 'key of a node rotated');
    } catch (error) {
      // The next look tries again.
      logger.warn({ err: error, nodeId }, 'key of a node not rotated yet');
    }
  }
}

/** A key on offer is in use beside the node's own, so there are more keys than nodes: no need to look at ten thousand. */
const hasOffers = ({ network, nodes, nodeIdByPublicKey }: NetworkState) =>
  network !== null && nodeIdByPublicKey.size > nodes.size;

function offersOf(state: NetworkState): Offer[] {
  if (!hasOffers(state)) return [];
  return [...state.nodes.values()].flatMap((node) => {
    const { keyRotation, nextSigned } = node;
    if (keyRotation?.step !== 'offered' || !mayTakeNextKey(state, node)) return [];
    const { publicKey, version: offered } = keyRotation;
    return [{ node, publicKey, offered, version: Math.max(offered, nextSigned?.version ?? 0) }];
  });
}
