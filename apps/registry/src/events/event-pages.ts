import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '#event-store/core/event-store.js';
import { decodeCursor, DEFAULT_PAGE, encodeCursor, type Page } from '../http/paging.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { type EventDto, type EventsQuery, eventView } from './event.dto.js';

/** Facts that are looked through for one page of rare types; a page may be short, then, and its cursor goes on. */
const SCAN = 10_000;

/** The log in pages. */
@Injectable()
export class EventPages {
  private readonly store: EventStore;

  constructor(@Inject(REGISTRY_OPTIONS) { store }: Pick<RegistryOptions, 'store'>) {
    this.store = store;
  }

  /** @throws Refusal invalid for a cursor that is not ours; Unavailable */
  async page(stream: string, query: EventsQuery): Promise<Page<EventDto>> {
    const limit = query.limit ?? DEFAULT_PAGE;
    const start = query.cursor === undefined ? (query.after ?? 0) : versionIn(query.cursor);
    const types = query.types && new Set(query.types);
    const items: EventDto[] = [];
    let version = start;
    while (version - start < SCAN) {
      const facts = await this.store.read(stream, { after: version, limit: types ? 1_000 : limit + 1 });
      for (const fact of facts) {
        if (items.length === limit) return { items, nextCursor: encodeCursor(String(version)) };
        if (!types || types.has(fact.type)) items.push(eventView(fact));
        version = fact.version;
      }
      if (facts.length < (types ? 1_000 : limit + 1)) return { items, nextCursor: null };
    }
    return { items, nextCursor: encodeCursor(String(version)) };
  }
}

function versionIn(cursor: string): number {
  const version = Number(decodeCursor(cursor));
  return Number.isSafeInteger(version) && version >= 0 ? version : 0;
}
