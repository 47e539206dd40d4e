import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Readable } from 'node:stream';
import { Unavailable } from '#contracts/errors.js';
import type { RecordedFact } from '#contracts/facts.js';
import { ApiTokens } from '../auth/api-tokens.js';
import { StreamHeads } from '../log/stream-heads.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { eventView } from './event.dto.js';

export interface Subscription {
  stream: string;
  after: number;
  types: ReadonlySet<string> | undefined;
  /** Hash of the API token that asked: when it is revoked, the feed ends. */
  tokenHash: string;
}

const PAGE = 200;

/**
 * Facts as server-sent events. Facts are read from the log as the client takes them: a slow client costs one page of
 * memory, however far behind it is, and loses nothing.
 */
@Injectable()
export class EventFeed implements OnModuleDestroy {
  /** One for each open feed; aborting it ends the feed between two events. */
  private readonly open = new Set<AbortController>();

  constructor(
    @Inject(StreamHeads) private readonly heads: StreamHeads,
    @Inject(ApiTokens) private readonly tokens: ApiTokens,
    @Inject(REGISTRY_OPTIONS)
    private readonly options: Pick<RegistryOptions, 'store' | 'limits' | 'logger' | 'metrics'>,
  ) {
    const count = () => this.open.size;
    new Gauge({
      name: 'tombolo_registry_event_feeds',
      help: 'Event feeds open on this replica',
      registers: [options.metrics],
      collect() {
        this.set(count());
      },
    });
  }

  /** Ends all feeds; their clients resume at another replica. */
  onModuleDestroy(): void {
    for (const feed of this.open) feed.abort();
  }

  /** The feed as text, to be destroyed when its client is gone. @throws Unavailable when too many are open */
  subscribe(subscription: Subscription): Readable {
    if (this.open.size >= this.options.limits.eventFeeds)
      throw new Unavailable('service', 'This replica serves as many event feeds as it may; try again later.');
    const feed = new AbortController();
    this.open.add(feed);
    return Readable.from(this.lines(subscription, feed.signal), { highWaterMark: 1 }).once('close', () => {
      this.open.delete(feed);
      feed.abort();
    });
  }

  private async *lines(subscription: Subscription, signal: AbortSignal): AsyncGenerator<string> {
    try {
      yield 'retry: 1000\n\n';
      yield* this.facts(subscription, signal);
    } catch (error) {
      // The response has begun, so all that can be told is that it ends; the client comes back and is told then.
      this.options.logger.warn({ err: error, stream: subscription.stream }, 'event feed ended early');
    }
  }

  private async *facts({ stream, after, types, tokenHash }: Subscription, signal: AbortSignal): AsyncGenerator<string> {
    const { heartbeat } = this.options.limits;
    let version = after;
    while (!signal.aborted) {
      const page = await this.options.store.read(stream, { after: version, limit: PAGE });
      const wanted = types ? page.filter((fact) => types.has(fact.type)) : page;
      version = page.at(-1)?.version ?? version;
      if (wanted.length > 0) yield wanted.map(formatEvent).join('');
      if (page.length === PAGE) continue;
      if (await this.heads.past(stream, version, { withinMs: heartbeat, signal })) continue;
      if (signal.aborted || !(await this.tokens.inForce(tokenHash))) return;
      // With an id, so that a client that filters resumes from here and not from its last match.
      yield `id: ${version}\n: heartbeat\n\n`;
    }
  }
}

function formatEvent(fact: RecordedFact): string {
  return `id: ${fact.version}\nevent: ${fact.type}\ndata: ${JSON.stringify(eventView(fact))}\n\n`;
}
