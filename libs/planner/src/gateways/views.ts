import type { NodeState } from '#topology/network-state.js';
import { flatPodsOf } from '../flat-pods.js';
import { Nesting } from '../nesting.js';
import type { Landscape } from './landscape.js';
import { ownExtras, UNNAMED } from './own-extras.js';

/** What nodes send to others, without what relays were found not to take; it grows less as more is found. */
export class Views {
  readonly nesting: Nesting;
  readonly #refused = new Set<string>();
  readonly #flat: ReadonlySet<string>;

  constructor(private readonly around: Landscape) {
    this.#flat = new Set([...flatPodsOf(around.state).values()].flat());
    const viewers = [UNNAMED, ...[...around.named].flatMap((id) => around.node(id) ?? [])];
    const sent = viewers.flatMap((viewer) => [...ownExtras(around, viewer).behind.values()]);
    this.nesting = new Nesting(
      new Set([
        ...this.#flat,
        ...around.clusters.flatMap(({ pods, services }) => [...pods, ...services]),
        ...around.gateways.flatMap(({ ranges }) => ranges),
        ...sent.flatMap(({ prefixes }) => prefixes),
      ]),
    );
  }

  refuse(from: string, to: string, prefix: string): void {
    this.#refused.add(`${from} ${to} ${prefix}`);
  }

  isRefused = (from: string, to: string, prefix: string): boolean => this.#refused.has(`${from} ${to} ${prefix}`);

  /** Whether a node sends a part of a wider range by something longer than that range, or has it in networks of its own. */
  tellsApart(viewer: NodeState | null, part: string, wide: string): boolean {
    const between = this.nesting.wider(part);
    const longer = [part, ...between.slice(0, between.indexOf(wide))];
    return longer.some((prefix) => this.#flat.has(prefix) || this.#sends(viewer, prefix)) || this.#has(viewer, part);
  }

  #sends(viewer: NodeState | null, prefix: string): boolean {
    const from = viewer ?? UNNAMED;
    return [...ownExtras(this.around, from).behind].some(
      ([to, { prefixes }]) => prefixes.includes(prefix) && !this.isRefused(from.nodeId, to, prefix),
    );
  }

  #has(viewer: NodeState | null, part: string): boolean {
    if (!viewer) return false;
    const around = [part, ...this.nesting.wider(part)];
    const own = this.around.clusters
      .filter((cluster) => this.around.isAt(viewer, cluster))
      .flatMap(({ pods, services }) => [...pods, ...services]);
    return [...own, ...this.around.opened(viewer)].some((range) => around.includes(range));
  }
}
