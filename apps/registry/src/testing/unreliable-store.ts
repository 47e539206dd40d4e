import { Unavailable } from '#contracts/errors.js';
import type { CommandAnswer, EventStore, ReadOptions, Snapshot, StreamAppend } from '#event-store/core/event-store.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';

/** The log in memory, with a plug that a test can pull. */
export class UnreliableStore implements EventStore {
  readonly #store = new MemoryEventStore();
  /** What every call fails with; undefined: it works. */
  failure: Error | undefined;

  pull(): void {
    this.failure = new Unavailable('log', 'the database does not answer');
  }

  append = (parts: StreamAppend[], answers: CommandAnswer[]) => this.#ask(() => this.#store.append(parts, answers));
  read = (stream: string, options?: ReadOptions) => this.#ask(() => this.#store.read(stream, options));
  head = (stream: string) => this.#ask(() => this.#store.head(stream));
  heads = () => this.#ask(() => this.#store.heads());
  versionAt = (stream: string, at: string) => this.#ask(() => this.#store.versionAt(stream, at));
  answersOf = (stream: string, ids: string[]) => this.#ask(() => this.#store.answersOf(stream, ids));
  snapshot = (stream: string, options: { schema: number; upTo?: number }) =>
    this.#ask(() => this.#store.snapshot(stream, options));
  saveSnapshot = (snapshot: Snapshot) => this.#ask(() => this.#store.saveSnapshot(snapshot));
  onAppended: EventStore['onAppended'] = (listener) => this.#store.onAppended(listener);

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    if (this.failure) throw this.failure;
    return question();
  }
}
