import type { NodeState } from '#topology/network-state.js';
import { mayLeadThrough } from '../extended-peer.js';
import { peerSeenBy } from '../paths/peer-seen.js';
import { standingOf } from '../paths/standing.js';
import { isWithin } from '../prefix-lists.js';
import type { Landscape } from './landscape.js';
import { isTranslated } from './links.js';
import { ownExtras } from './own-extras.js';

/** Something that a relay does not take from one node to another. */
export interface Unrelayed {
  relayId: string;
  /** The node that would send there (null: nodes that no fact names), and the one that it is behind. */
  from: string | null;
  to: string;
  prefix: string;
  /** `taken`: at the relay that prefix leads to `by`. `endpoint`: the relay calls the node at an address in it. */
  because: 'taken' | 'endpoint';
  by: string | null;
}

/** What somebody would send through a relay. */
export interface Wanted {
  /** null: nodes that nothing names. */
  from: NodeState | null;
  to: NodeState;
  prefix: string;
}

interface Setting {
  around: Landscape;
  relay: NodeState;
  rightful: ReadonlyMap<string, string>;
  /** Of all who send through the relay. */
  wanted: readonly Wanted[];
}

/** Which prefix leads where at one relay: it looks at destinations only, so each has one owner, who comes first. */
export class RelayTable {
  readonly taken = new Map<string, Set<string>>();
  readonly moved = new Map<string, Set<string>>();
  readonly unrelayed: Unrelayed[] = [];
  readonly #owners = new Map<string, string>();

  constructor(private readonly setting: Setting) {
    const { relay, rightful } = setting;
    for (const [prefix, nodeId] of rightful) if (nodeId === relay.nodeId) this.#owners.set(prefix, nodeId);
  }

  leads = (prefix: string, { nodeId }: NodeState): boolean => this.taken.get(nodeId)?.has(prefix) ?? false;

  take(one: Wanted): void {
    const { to, prefix } = one;
    const because = this.#obstacle(one);
    if (!because) {
      this.#owners.set(prefix, to.nodeId);
      add(this.taken, to.nodeId, prefix);
    } else if (because !== 'taken' || !this.#isShortcut(one)) this.#refuse(one, because);
  }

  /** What the relay itself sends stays where it is, unless it was taken. */
  keep(): void {
    const { around, relay } = this.setting;
    for (const [nodeId, { prefixes }] of ownExtras(around, relay).behind)
      for (const prefix of prefixes) {
        const owner = this.#owners.get(prefix);
        const one = { from: relay, to: around.node(nodeId) ?? relay, prefix };
        const isIdle = this.#isIdle(relay, nodeId, prefix);
        if (owner === undefined && isIdle && this.#isInOwned(prefix, nodeId)) add(this.moved, nodeId, prefix);
        else if (owner === undefined) this.#owners.set(prefix, nodeId);
        else if (owner !== nodeId && this.#isShortcut(one)) add(this.moved, nodeId, prefix);
        else if (owner !== nodeId) this.#refuse(one, 'taken');
      }
  }

  #obstacle({ from, to, prefix }: Wanted): Unrelayed['because'] | undefined {
    const owner = this.#owners.get(prefix);
    if (owner !== undefined && owner !== to.nodeId) return 'taken';
    if (from && this.#isIdle(from, to.nodeId, prefix) && this.#isInOwned(prefix, to.nodeId)) return 'taken';
    const { calledAt } = peerSeenBy(this.setting.around.state, this.setting.relay, to);
    return mayLeadThrough(calledAt, prefix) ? undefined : 'endpoint';
  }

  /** Whether a node knows of another's pods only because it is ready to serve the door of their cluster. */
  #isIdle(node: NodeState, nodeId: string, prefix: string): boolean {
    const { around } = this.setting;
    return around.clusters.some(
      (cluster) =>
        cluster.members.get(nodeId)?.includes(prefix) &&
        around.isDoor(node, cluster) &&
        around.door(cluster.clusterId)?.active !== node.nodeId,
    );
  }

  /** A part of what leads elsewhere: who sends that would not find the part. */
  #isInOwned(prefix: string, nodeId: string): boolean {
    return [...this.#owners].some(([range, owner]) => owner !== nodeId && isWithin(prefix, range));
  }

  /**
   * What goes to a node's own door and from there to that of a linked cluster, both over this relay, may as well go there at
   * once, if the door would translate nothing: the other door takes it from the relay anyway.
   */
  #isShortcut({ to, prefix }: Wanted): boolean {
    const { around, relay, wanted, rightful } = this.setting;
    const owner = this.#owners.get(prefix);
    if (owner === undefined || rightful.get(prefix) !== owner) return false;
    const isTaken =
      owner === relay.nodeId ||
      wanted.some((one) => one.prefix === prefix && one.from === to && one.to.nodeId === owner);
    const door = around.clusters.filter(({ clusterId }) => around.door(clusterId)?.active === to.nodeId);
    return isTaken && !door.some((cluster) => isTranslated(around, cluster));
  }

  #refuse({ from, to, prefix }: Wanted, because: Unrelayed['because']): void {
    const { around, relay } = this.setting;
    if (!from && standingOf(around.state, to).kind === 'open') return;
    const by = because === 'taken' ? (this.#owners.get(prefix) ?? null) : null;
    const ends = { relayId: relay.nodeId, from: from?.nodeId ?? null, to: to.nodeId };
    this.unrelayed.push({ ...ends, prefix, because, by });
  }
}

function add(all: Map<string, Set<string>>, nodeId: string, prefix: string): void {
  all.set(nodeId, (all.get(nodeId) ?? new Set()).add(prefix));
}
