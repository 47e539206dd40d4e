import { Controller, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Unavailable } from '#contracts/errors.js';
import { type LatencyReply, type LatencyRequest } from '#contracts/relay-commands.js';
import { isLive } from '#planner/members.js';
import { inField } from '#topology/fields.js';
import { networkOf } from '#topology/lookup.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import type { Page } from '../http/paging.js';
import { Lists } from '../http/routes.js';
import { Decisions } from '../log/decisions.js';
import { findNode, nodesByName } from '../nodes/find-node.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { LatencyQuery, PairLatencyDto } from './latency.dto.js';
import { nodePairs } from './node-pairs.js';
import { hopsOf, type LinkBetween, pairLatency, routed, type RoutedPair } from './pair-latency.js';

@ApiTags('status')
@Controller('api/v1/networks/:network/latency')
export class LatencyController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'askRelayPlanner'>,
  ) {}

  @Lists(PairLatencyDto, {
    summary: 'How far the nodes are from each other, pair by pair',
    description:
      'All pairs of enabled nodes by their names, as agents told one replica of the relay-planner in the last quarter of an hour; nothing of it is in the log.',
  })
  async latency(@Param('network') nameOrId: string, @Query() query: LatencyQuery): Promise<Page<PairLatencyDto>> {
    const state = await this.decisions.networkNamed(nameOrId);
    const { networkId } = networkOf(state);
    if (!isLive(state)) return { items: [], nextCursor: null };
    const only = query.node === undefined ? undefined : inField('node', () => findNode(state, query.node!));
    const { items, nextCursor } = nodePairs(candidates(state, query.among), query, only);
    const pairs = items.map((pair) => routed(state, pair));
    const link = await this.links(networkId, pairs);
    return { items: pairs.map((pair) => pairLatency(state, pair, link)), nextCursor };
  }

  private async links(networkId: string, routedPairs: RoutedPair[]): Promise<LinkBetween> {
    const hops = new Map(routedPairs.flatMap(hopsOf).map((hop) => [keyOf(...hop), hop]));
    if (hops.size === 0) return () => null;
    const request: LatencyRequest = { networkId, pairs: [...hops.values()] };
    try {
      const { links } = (await this.options.askRelayPlanner('latency', request)) as LatencyReply;
      const known = new Map([...hops.keys()].map((key, index) => [key, links[index]]));
      return (a, b) => known.get(keyOf(a, b));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const detail = 'The relay-planner, which knows the round-trip times, does not answer; ask again.';
      throw new Unavailable('service', detail, { cause: error });
    }
  }
}

function candidates(state: NetworkState, among: string[] | undefined): readonly NodeState[] {
  const named = among && new Set(among.map((name) => inField('among', () => findNode(state, name))));
  return nodesByName(state).filter((node) => node.enabled && (!named || named.has(node)));
}

const keyOf = (a: string, b: string) => (a < b ? a + b : b + a);
