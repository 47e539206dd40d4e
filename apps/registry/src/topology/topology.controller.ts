import { Controller, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Refusal } from '#contracts/errors.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { planNode } from '#planner/plan-node.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { eventView } from '../events/event.dto.js';
import { jsonStream } from '../http/json-stream.js';
import { Shows } from '../http/routes.js';
import { Decisions } from '../log/decisions.js';
import { PointsInTime } from '../log/points-in-time.js';
import { findNode, nodesByName } from '../nodes/find-node.js';
import { networkParts } from './network-parts.js';
import { nodeChanges } from './node-changes.js';
import { DiffDto, DiffQuery, TopologyDto, type TopologyNodeDto, TopologyQuery } from './topology.dto.js';

/** Versions that one diff spans at most. */
const DIFF_SPAN = 20_000;

@ApiTags('topology')
@Controller('api/v1/networks/:network')
export class TopologyController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(PointsInTime) private readonly points: PointsInTime,
  ) {}

  @Shows(TopologyDto, { path: 'topology', summary: 'What there is and who peers with whom, now or at another time' })
  async topology(
    @Param('network') nameOrId: string,
    @Query() { at, node }: TopologyQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.decisions.networkStream(nameOrId);
    const version =
      at === undefined ? await this.decisions.store.head(stream) : await this.points.version(stream, at, 'at');
    const state = await this.points.network(stream, version);
    const { networkId, name, cidr, cidr6 } = state.network;
    const nodes = node === undefined ? nodesByName(state) : [findNode(state, node)];
    const head = { network: { networkId, name, cidr, cidr6 }, version: state.version, ...networkParts(state) };
    void reply.type('application/json').send(jsonStream(head, 'nodes', topologyNodes(state, nodes)));
  }

  @Shows(DiffDto, { path: 'diff', summary: 'What changed between two times: facts, and what each node was told' })
  async diff(@Param('network') nameOrId: string, @Query() query: DiffQuery, @Res() reply: FastifyReply): Promise<void> {
    const stream = await this.decisions.networkStream(nameOrId);
    const from = await this.points.version(stream, query.from, 'from');
    const to = await this.points.version(stream, query.to, 'to');
    const message = 'must not be after to';
    if (from > to) throw new Refusal('invalid', `from ${message}.`, [{ field: 'from', message }]);
    const facts = await this.points.facts(stream, { after: from, upTo: to, most: DIFF_SPAN });
    const before = (await this.decisions.networks.at(stream, from)).state;
    const after = (await this.decisions.networks.at(stream, to)).state;
    const changes = nodeChanges(before, after, facts);
    void reply.type('application/json').send(jsonStream({ from, to, facts: facts.map(eventView) }, 'nodes', changes));
  }
}

function* topologyNodes(state: NetworkState, nodes: readonly NodeState[]): Generator<TopologyNodeDto> {
  for (const { nodeId, name, addresses, enabled, site } of nodes) {
    const resources = planNode(state, nodeId);
    const peers = resources.filter((resource): resource is PeerResource => resource.name.startsWith('peer/'));
    yield { nodeId, name, addresses, enabled, site, peers: peers.map((peer) => peerOf(state, peer)) };
  }
}

function peerOf(
  { clients }: NetworkState,
  { name, node, endpoint, allowedIps }: PeerResource,
): TopologyNodeDto['peers'][number] {
  const id = name.slice('peer/'.length);
  const who = clients.has(id) ? { nodeId: null, clientId: id } : { nodeId: id, clientId: null };
  return { ...who, name: node, path: 'direct', endpoint, allowedIps };
}
