import type { KnownNodes } from '#messaging/reports.js';
import type { NetworkFollower } from './network-follower.js';

/** The nodes of all networks, as this replica has folded them. */
export class FollowedNodes implements KnownNodes {
  /** Node → its network: found once, not among a hundred networks for each report. */
  readonly #networks = new Map<string, string>();

  constructor(private readonly follower: Pick<NetworkFollower, 'states' | 'onChange'>) {}

  controlKeyOf(nodeId: string): string | undefined {
    const { states } = this.follower;
    const known = states.get(this.#networks.get(nodeId) ?? '')?.nodes.get(nodeId);
    if (known) return known.controlKey;
    this.#networks.delete(nodeId);
    for (const [network, { nodes }] of states) {
      const node = nodes.get(nodeId);
      if (!node) continue;
      this.#networks.set(nodeId, network);
      return node.controlKey;
    }
    return undefined;
  }

  onAdded(listener: () => void): () => void {
    return this.follower.onChange(({ facts }) => {
      if (facts.some(({ type }) => type === 'NodeEnrolled')) listener();
    });
  }
}
