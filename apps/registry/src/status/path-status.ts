import { Inject, Injectable } from '@nestjs/common';
import { Unavailable } from '#contracts/errors.js';
import { isLive } from '#planner/members.js';
import type { NetworkState } from '#topology/network-state.js';
import { type RoutedPair, routedPairs } from '../latency/pair-latency.js';
import { PairLinks } from '../latency/pair-links.js';
import { pairPath } from '../paths/pair-path.js';
import type { NetworkStatusDto, StatusQuery } from './status.dto.js';

/** Whoever asks for the status shall not wait for a service that is away. */
const ASK_BRIEFLY = { withinMs: 1_000 };

/** How the first pairs of a network reach each other. */
@Injectable()
export class PathStatus {
  constructor(@Inject(PairLinks) private readonly links: PairLinks) {}

  async of(state: NetworkState, { node, paths }: StatusQuery): Promise<Pick<NetworkStatusDto, 'paths' | 'pathsKnown'>> {
    if (!isLive(state) || paths === 0) return { paths: { items: [], nextCursor: null }, pathsKnown: true };
    const { items, nextCursor } = routedPairs(state, { node, limit: paths });
    const link = await this.#linksOf(state, items);
    const shown = items.map((pair) => pairPath(state, pair, link ?? (() => null)));
    return { paths: { items: shown, nextCursor }, pathsKnown: link !== undefined };
  }

  /** Undefined when nobody answers: the paths follow from the log without it. */
  async #linksOf(state: Parameters<PairLinks['of']>[0], pairs: readonly RoutedPair[]) {
    try {
      return await this.links.of(state, pairs, ASK_BRIEFLY);
    } catch (error) {
      if (error instanceof Unavailable) return undefined;
      throw error;
    }
  }
}
