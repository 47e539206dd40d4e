import type { NodeState } from '#topology/network-state.js';
import { mayLeadThrough } from '../extended-peer.js';
import { peerSeenBy } from '../paths/peer-seen.js';
import { standingOf } from '../paths/standing.js';
import type { Landscape } from './landscape.js';
import { isForReady, isTranslated, podsAt } from './links.js';
import { ownExtras } from './own-extras.js';
import type { Views } from './views.js';

/** Something that a relay does not take from one node to another. */
export interface Unrelayed {
  relayId: string;
  /** The node that would send there (null: nodes that no fact names), and the one that it is behind. */
  from: string | null;
  to: string;
  prefix: string;
  /** `taken`: at the relay that prefix, or a part of it, leads to `by`. `endpoint`: the relay calls the node at an address in it. */
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
  views: Views;
}

/** Where a prefix leads, and who counts on that. */
interface Entry {
  owner: string;
  users: (NodeState | null)[];
}

/** What leads elsewhere than the range around it. */
interface Part {
  part: string;
  owner: string;
}

/** Which prefix leads where at one relay: it looks at destinations only, so each has one owner, who comes first. */
export class RelayTable {
  readonly taken = new Map<string, Set<string>>();
  readonly moved = new Map<string, Set<string>>();
  readonly unrelayed: Unrelayed[] = [];
  readonly #entries = new Map<string, Entry>();
  /** Range → entries inside of it, and what was found out about these. */
  readonly #parts = new Map<string, string[]>();
  readonly #looked = new Map<string, { count: number; misleading: Part[] }>();
  readonly #wanted: ReadonlySet<string>;

  constructor(private readonly setting: Setting) {
    const { around, relay, rightful, wanted } = setting;
    this.#wanted = new Set(wanted.map(({ from, to, prefix }) => `${from?.nodeId} ${to.nodeId} ${prefix}`));
    const own = [...rightful].flatMap(([prefix, nodeId]) => (nodeId === relay.nodeId ? [prefix] : []));
    for (const prefix of own) this.#entry(prefix, relay.nodeId);
    const ending = new Set([...own, ...podsAt(around, relay)]);
    for (const id of around.named) {
      const from = id === relay.nodeId ? undefined : around.node(id);
      const sent = from ? (ownExtras(around, from).behind.get(relay.nodeId)?.prefixes ?? []) : [];
      for (const prefix of sent) {
        const one = { from: from!, to: relay, prefix };
        if (ending.has(prefix) && !isForReady(around, one)) this.#enter(one);
      }
    }
  }

  get relay(): NodeState {
    return this.setting.relay;
  }

  /** The node that a prefix leads to; undefined: nobody of those who send here, nor the relay itself, sends it anywhere. */
  owner = (prefix: string): string | undefined => this.#entries.get(prefix)?.owner;

  leads = (prefix: string, { nodeId }: NodeState): boolean => this.taken.get(nodeId)?.has(prefix) ?? false;

  take(one: Wanted): void {
    const { around, relay } = this.setting;
    const by = this.#obstacle(one);
    if (by !== undefined) {
      if (!this.#isShortcut(one)) this.#refuse(one, 'taken', by);
      return;
    }
    const { calledAt } = peerSeenBy(around.state, relay, one.to);
    if (!mayLeadThrough(calledAt, one.prefix)) return this.#refuse(one, 'endpoint', null);
    this.#enter(one);
    add(this.taken, one.to.nodeId, one.prefix);
  }

  /** What the relay itself sends stays where it is, unless it was taken. */
  keep(): void {
    for (const one of this.#ownWishes(false)) {
      const by = this.#obstacle(one);
      if (by === undefined) this.#enter(one);
      else if (this.#isShortcut(one)) add(this.moved, one.to.nodeId, one.prefix);
      else this.#refuse(one, 'taken', by);
    }
  }

  /** What it would send if it served stays as long as it is in nobody's way. */
  keepReady(): void {
    for (const one of this.#ownWishes(true)) {
      if (this.#obstacle(one) === undefined) this.#enter(one);
      else add(this.moved, one.to.nodeId, one.prefix);
    }
  }

  #ownWishes(isReady: boolean): Wanted[] {
    const { around, relay, views } = this.setting;
    return [...ownExtras(around, relay).behind].flatMap(([nodeId, { prefixes }]) => {
      const to = around.node(nodeId);
      return (to ? prefixes : [])
        .map((prefix) => ({ from: relay, to: to!, prefix }))
        .filter((one) => isForReady(around, one) === isReady && !views.isRefused(relay.nodeId, nodeId, one.prefix));
    });
  }

  #enter({ from, to, prefix }: Wanted): void {
    this.#entry(prefix, to.nodeId).users.push(from);
  }

  #entry(prefix: string, owner: string): Entry {
    let entry = this.#entries.get(prefix);
    if (entry) return entry;
    this.#entries.set(prefix, (entry = { owner, users: [] }));
    for (const wide of this.setting.views.nesting.wider(prefix)) {
      const parts = this.#parts.get(wide);
      if (parts) parts.push(prefix);
      else this.#parts.set(wide, [prefix]);
    }
    return entry;
  }

  /** To whom the relay sends this, or a part of it, so that it does not come to where it should. */
  #obstacle({ from, to: { nodeId: to }, prefix }: Wanted): string | undefined {
    const same = this.#entries.get(prefix);
    if (same && same.owner !== to) return same.owner;
    const { views } = this.setting;
    for (const wide of views.nesting.wider(prefix)) {
      const entry = this.#entries.get(wide);
      if (!entry || !this.#mayMislead(wide, entry.owner, { part: prefix, owner: to })) continue;
      if (entry.users.some((user) => user?.nodeId !== to && !views.tellsApart(user, prefix, wide))) return entry.owner;
    }
    const misleading = this.#misleading(prefix, to).find(
      ({ part, owner }) => owner !== from?.nodeId && !views.tellsApart(from, part, prefix),
    );
    return misleading?.owner;
  }

  /** What leads elsewhere in a range that leads to a node. */
  #misleading(prefix: string, to: string): readonly Part[] {
    const parts = this.#parts.get(prefix) ?? [];
    const key = `${prefix} ${to}`;
    const known = this.#looked.get(key) ?? { count: 0, misleading: [] };
    this.#looked.set(key, known);
    for (; known.count < parts.length; known.count++) {
      const part = parts[known.count]!;
      const one = { part, owner: this.#entries.get(part)!.owner };
      if (this.#mayMislead(prefix, to, one)) known.misleading.push(one);
    }
    return known.misleading;
  }

  /**
   * Whether somebody who sends a range to one node, and does not tell its part apart, comes to pods that it does not mean.
   * Ranges behind egress gateways may hold others' parts: who goes there comes to nobody's pods. And a door that translates
   * nothing would send the part on over this relay anyway.
   */
  #mayMislead(range: string, to: string, { part, owner }: Part): boolean {
    const { around, relay } = this.setting;
    if (owner === to || isOutward(around, range)) return false;
    const next = around.node(to);
    const isNext =
      owner === relay.nodeId
        ? next && ownExtras(around, next).behind.get(owner)?.prefixes.includes(part)
        : this.#wanted.has(`${to} ${owner} ${part}`);
    return !isNext || this.#translates(to);
  }

  /**
   * What goes to a node's own door and from there to that of a linked cluster, both over this relay, may as well go there at
   * once, if the door would translate nothing: the other door takes it from the relay anyway.
   */
  #isShortcut({ to: { nodeId: to }, prefix }: Wanted): boolean {
    const { relay, rightful } = this.setting;
    const owner = this.#entries.get(prefix)?.owner;
    if (owner === undefined || owner === to || rightful.get(prefix) !== owner) return false;
    const isTaken = owner === relay.nodeId || this.#wanted.has(`${to} ${owner} ${prefix}`);
    return isTaken && !this.#translates(to);
  }

  #translates(nodeId: string): boolean {
    const { around } = this.setting;
    const served = around.clusters.filter(({ clusterId }) => around.door(clusterId)?.active === nodeId);
    return served.some((cluster) => isTranslated(around, cluster));
  }

  #refuse({ from, to, prefix }: Wanted, because: Unrelayed['because'], by: string | null): void {
    const { around, relay } = this.setting;
    if (!from && standingOf(around.state, to).kind === 'open') return;
    const ends = { relayId: relay.nodeId, from: from?.nodeId ?? null, to: to.nodeId };
    this.unrelayed.push({ ...ends, prefix, because, by });
  }
}

const isOutward = ({ gateways }: Landscape, prefix: string): boolean =>
  prefix.endsWith('/0') || gateways.some(({ ranges }) => ranges.includes(prefix));

function add(all: Map<string, Set<string>>, nodeId: string, prefix: string): void {
  all.set(nodeId, (all.get(nodeId) ?? new Set()).add(prefix));
}
