import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '#contracts/errors.js';
import { Access } from '../auth/access.js';
import { bearerOf, secretHash } from '../auth/api-token.js';
import { ApiPage } from '../http/page.dto.js';
import { Decisions } from '../log/decisions.js';
import { EventFeed } from './event-feed.js';
import { EventDto, EventsQuery } from './event.dto.js';
import { EventPages } from './event-pages.js';

@ApiTags('events')
@Controller('api/v1/networks/:network/events')
export class EventController {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(EventPages) private readonly pages: EventPages,
    @Inject(EventFeed) private readonly feed: EventFeed,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'The facts of a network, or of `system`, oldest first',
    description:
      'With `Accept: text/event-stream` a feed of server-sent events that goes on with what happens next: `id` is the version, `event` the type. ' +
      'It starts after `Last-Event-ID` or `after`; with neither at the first fact. Comments keep it alive.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Version after which a feed resumes' })
  @ApiPage(EventDto)
  async events(
    @Param('network') network: string,
    @Query() query: EventsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.decisions.stream(network);
    if (!wantsFeed(request)) {
      void reply.send(await this.pages.page(stream, query));
      return;
    }
    // A client that is gone already would never close its feed.
    if (reply.raw.destroyed) return;
    const feed = this.feed.subscribe({
      stream,
      after: resumeAfter(request.headers['last-event-id']) ?? query.after ?? 0,
      types: query.types && new Set(query.types),
      tokenHash: secretHash(bearerOf(request.headers.authorization) ?? ''),
    });
    void reply
      .headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
      })
      .send(feed);
  }
}

/** A HEAD would read the endless feed to nobody. */
function wantsFeed({ method, headers: { accept = '' } }: FastifyRequest): boolean {
  return method === 'GET' && accept.split(',').some((type) => type.trim().split(';')[0] === 'text/event-stream');
}

function resumeAfter(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  const message = 'must be the id of an event: a version';
  throw new Refusal('invalid', `Last-Event-ID ${message}.`, [{ field: 'Last-Event-ID', message }]);
}
