import { Controller, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../http/paging.js';
import { Lists } from '../http/routes.js';
import { LatencyQuery } from '../latency/latency.dto.js';
import { PairLinks } from '../latency/pair-links.js';
import { Decisions } from '../log/decisions.js';
import { pairPath } from './pair-path.js';
import { PairPathDto } from './path.dto.js';

@ApiTags('status')
@Controller('api/v1/networks/:network/paths')
export class PathController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(PairLinks) private readonly links: PairLinks,
  ) {}

  @Lists(PairPathDto, {
    summary: 'How the nodes reach each other, pair by pair, and why so',
    description:
      'All pairs of enabled nodes by their names. The path, why it is that one and since when follow from the log; whether it works, how long a round trip takes and when they shook hands is what agents told one replica of the relay-planner in the last quarter of an hour.',
  })
  async paths(@Param('network') nameOrId: string, @Query() query: LatencyQuery): Promise<Page<PairPathDto>> {
    return this.links.page(await this.decisions.networkNamed(nameOrId), query, pairPath);
  }
}
