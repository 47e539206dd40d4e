import { Inject, Injectable } from '@nestjs/common';
import { Unavailable } from '#contracts/errors.js';
import type { LatencyReply, LatencyRequest } from '#contracts/relay-commands.js';
import { isLive, type LiveState } from '#planner/members.js';
import type { NetworkState } from '#topology/network-state.js';
import type { Page } from '../http/paging.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import type { LatencyQuery } from './latency.dto.js';
import { hopsOf, type LinkBetween, type RoutedPair, routedPairs } from './pair-latency.js';

/** What one replica of the relay-planner has heard of links. */
@Injectable()
export class PairLinks {
  constructor(@Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'askRelayPlanner'>) {}

  /** One page of the pairs that are asked for, none of a network that is gone. @throws Refusal `not_found`; Unavailable */
  async page<View>(
    state: NetworkState,
    query: LatencyQuery,
    show: (state: LiveState, pair: RoutedPair, link: LinkBetween) => View,
  ): Promise<Page<View>> {
    if (!isLive(state)) return { items: [], nextCursor: null };
    const { items, nextCursor } = routedPairs(state, query);
    const link = await this.of(state, items);
    return { items: items.map((pair) => show(state, pair, link)), nextCursor };
  }

  /** Of these pairs and of all hops on their ways. @throws Unavailable when it does not answer, if so said within so many milliseconds */
  async of({ network }: LiveState, pairs: readonly RoutedPair[], within?: { withinMs: number }): Promise<LinkBetween> {
    const hops = new Map(pairs.flatMap(hopsOf).map((hop) => [keyOf(...hop), hop]));
    if (hops.size === 0) return () => null;
    const request: LatencyRequest = { networkId: network.networkId, pairs: [...hops.values()] };
    try {
      const { links } = (await this.options.askRelayPlanner('latency', request, within)) as LatencyReply;
      const known = new Map([...hops.keys()].map((key, index) => [key, links[index]]));
      return (a, b) => known.get(keyOf(a, b));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const detail = 'The relay-planner, which knows what agents tell of their links, does not answer; ask again.';
      throw new Unavailable('service', detail, { cause: error });
    }
  }
}

const keyOf = (a: string, b: string) => (a < b ? a + b : b + a);
