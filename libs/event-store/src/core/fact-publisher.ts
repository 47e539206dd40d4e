import type { RecordedFact } from './event-store.js';

/** The broker as the outbox sees it: a copy of the log that can be lost and made again. */
export interface FactPublisher {
  /**
   * Resolves when the broker has stored every one of these facts, which are of one stream and in version order. The
   * same facts may come again. It must give up within 8 s: the database ends a transaction that idles for 10 s.
   * @throws Unavailable('broker')
   */
  publish(facts: RecordedFact[]): Promise<void>;
  /**
   * Names the broker's copy as it is now; another name means that it started empty and needs every fact again.
   * @throws Unavailable('broker')
   */
  generation(): Promise<string>;
}
