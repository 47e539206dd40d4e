import { Controller, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { formatDigest } from '#contracts/node-stream.js';
import { digests } from '#planner/digests.js';
import { networkOf } from '#topology/lookup.js';
import { Shows } from '../http/routes.js';
import { isSigned, lockMembers, lockOf } from '#topology/lock-members.js';
import type { LockEntry } from '#contracts/membership-lock.js';
import type { NetworkState } from '#topology/network-state.js';
import { Decisions } from '../log/decisions.js';
import { nodesByName } from '../nodes/find-node.js';
import { GatewayHealth } from './gateway-health.js';
import { gatewayStatuses } from './gateway-status.js';
import { NodeLiveness, type NodeObservation } from './node-liveness.js';
import { PathStatus } from './path-status.js';
import { NetworkStatusDto, StatusQuery } from './status.dto.js';

const UNHEARD = { lastSeen: null, held: null, rejected: null, refused: [], agent: null };

@ApiTags('status')
@Controller('api/v1/networks/:network/status')
export class StatusController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(NodeLiveness) private readonly liveness: NodeLiveness,
    @Inject(GatewayHealth) private readonly gatewayHealth: GatewayHealth,
    @Inject(PathStatus) private readonly pathStatus: PathStatus,
  ) {}

  @Shows(NetworkStatusDto, {
    summary: 'Which nodes hold what they shall hold, and how they reach each other',
    description:
      'As agents told this replica; they tell it again every half a minute. Of gateways as the gateway-manager knows them, of paths as the relay-planner does.',
  })
  async status(@Param('network') nameOrId: string, @Query() query: StatusQuery): Promise<NetworkStatusDto> {
    const state = await this.decisions.networkNamed(nameOrId);
    const network = networkOf(state).name;
    const planned = digests(state);
    const lock = lockOf(state);
    const signed = lock ? signedNodes(state, lock, this.liveness.now().toISOString()) : null;
    const nodes = nodesByName(state).map(({ nodeId, name, enabled }) => {
      const observation: NodeObservation | typeof UNHEARD = this.liveness.of(nodeId) ?? UNHEARD;
      const digest = formatDigest(planned.get(nodeId) ?? 0n);
      return {
        nodeId,
        name,
        enabled,
        signed: signed && signed.has(nodeId),
        planned: { digest },
        inSync: observation.held?.digest === digest,
        ...observation,
      };
    });
    const [health, paths] = await Promise.all([
      state.gateways.size > 0 ? this.gatewayHealth.of(state) : new Map(),
      this.pathStatus.of(state, query),
    ]);
    return {
      network,
      version: state.version,
      nodes,
      gateways: gatewayStatuses(state, health ?? new Map()),
      gatewaysKnown: health !== undefined,
      ...paths,
    };
  }
}

const signedNodes = (state: NetworkState, lock: LockEntry, now: string): ReadonlySet<string> =>
  new Set(
    lockMembers(state)
      .filter((member) => member.kind === 'node' && isSigned(lock, member, now))
      .map(({ record }) => record.memberId),
  );
