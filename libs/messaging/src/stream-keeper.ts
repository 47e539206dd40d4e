import { Unavailable } from '#contracts/errors.js';
import { STREAMS } from '#contracts/subjects.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { ensureStreams, streamGeneration } from './streams.js';

export interface StreamKeeperOptions {
  connection: ServiceConnection;
  /** As every service is told; see `ensureStreams`. */
  replicas: number;
  /** Milliseconds between two looks; default 2,000. */
  everyMs?: number;
  logger?: Logger;
}

/**
 * Sees to it that the streams are there, and as they must be, for as long as a service runs: looks now and then, and after every
 * reconnect. Storage that was lost is made again empty; what belongs into it is brought by whoever publishes there.
 */
export class StreamKeeper {
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #offStatus: () => void;
  #generation: string | undefined;
  #looking: Promise<void> | undefined;
  #told = '';

  constructor(private readonly options: StreamKeeperOptions) {
    const look = () => void (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
    this.#timer = setInterval(look, options.everyMs ?? 2_000);
    this.#offStatus = options.connection.onStatus((status) => {
      if (status === 'connected') look();
    });
    look();
  }

  /** Called when the stream of desired state is another one than before: it holds nothing of what was published. */
  onNodesRemade(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#offStatus();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { connection, replicas, logger } = this.options;
    if (connection.status !== 'connected') return;
    try {
      await ensureStreams(connection, { replicas, timeoutMs: 2_000 });
      const generation = await streamGeneration(connection, STREAMS.nodes);
      const before = this.#generation;
      this.#generation = generation;
      this.#told = '';
      if (before === undefined || before === generation) return;
      logger?.warn({ stream: STREAMS.nodes }, 'the broker has lost its streams; they are made again from the log');
      for (const listener of [...this.#listeners]) listener();
    } catch (error) {
      const { message } = error as Error;
      // An outage is told by who needs the broker now; what does not pass is told once.
      if (!(error instanceof Unavailable) && message !== this.#told)
        logger?.warn({ err: error }, 'streams not as they must be');
      this.#told = message;
    }
  }
}
