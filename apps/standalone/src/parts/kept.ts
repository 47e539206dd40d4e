import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.js';

export interface Mortal {
  /** Settles with a sentence when it has ended, asked or unasked. */
  exited: Promise<string>;
  stop(): Promise<void>;
}

export interface Kept<T extends Mortal> {
  /** The one that runs, or ran last. */
  readonly now: T;
  /** It is not started again from now on, whoever ends it. */
  letGo(): void;
  stop(): Promise<void>;
}

export interface KeepOptions<T extends Mortal> {
  name: string;
  /** Starts one, at the same place as the one before. Resolves when it serves. */
  start(before: T | undefined): Promise<T>;
  /** After each start but the first. */
  onReplaced?(): void;
  log: Log;
}

/** Of what ends again soon after its start. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** What lives this long is sound, and is started again at once. */
const SOUND_AFTER_MS = 10_000;

/**
 * Starts a part, and starts it again whenever it ends by itself: at once, or after pauses that grow while it keeps ending.
 * @throws what the first start throws
 */
export async function keepRunning<T extends Mortal>({
  name,
  start,
  onReplaced,
  log,
}: KeepOptions<T>): Promise<Kept<T>> {
  const ending = new AbortController();
  let now = await start(undefined);

  const keep = async () => {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const since = performance.now();
      const reason = await now.exited;
      if (ending.signal.aborted) return;
      if (performance.now() - since > SOUND_AFTER_MS) pauseMs = 0;
      log.warn({ part: name, reason }, 'a part ended by itself and is started again');
      for (let started = false; !started; pauseMs = Math.min(2 * pauseMs || FIRST_PAUSE_MS, LONGEST_PAUSE_MS)) {
        await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined);
        if (ending.signal.aborted) return;
        started = await start(now).then(
          (again) => ((now = again), true),
          (error: Error) => (log.error({ part: name, why: error.message }, 'a part does not start again'), false),
        );
      }
      if (!ending.signal.aborted) onReplaced?.();
    }
  };
  const keeping = keep();
  return {
    get now() {
      return now;
    },
    letGo: () => ending.abort(),
    stop: async () => {
      ending.abort();
      await now.stop();
      await keeping;
      // It may have been on its way up.
      await now.stop();
    },
  };
}
