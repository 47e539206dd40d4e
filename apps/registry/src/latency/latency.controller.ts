import { Controller, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../http/paging.js';
import { Lists } from '../http/routes.js';
import { Decisions } from '../log/decisions.js';
import { LatencyQuery, PairLatencyDto } from './latency.dto.js';
import { pairLatency } from './pair-latency.js';
import { PairLinks } from './pair-links.js';

@ApiTags('status')
@Controller('api/v1/networks/:network/latency')
export class LatencyController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(PairLinks) private readonly links: PairLinks,
  ) {}

  @Lists(PairLatencyDto, {
    summary: 'How far the nodes are from each other, pair by pair',
    description:
      'All pairs of enabled nodes by their names, as agents told one replica of the relay-planner in the last quarter of an hour; nothing of it is in the log.',
  })
  async latency(@Param('network') nameOrId: string, @Query() query: LatencyQuery): Promise<Page<PairLatencyDto>> {
    return this.links.page(await this.decisions.networkNamed(nameOrId), query, pairLatency);
  }
}
