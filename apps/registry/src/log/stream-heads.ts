import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Unavailable } from '#contracts/errors.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

type Listener = (stream: string, version: number) => void;

/** Milliseconds until this replica notices what another one appended; its own appends it notices at once. */
const POLL = 500;

/** How far every stream of the log is, and who wants to know when one moves. */
@Injectable()
export class StreamHeads implements OnModuleInit, OnModuleDestroy {
  private readonly heads = new Map<string, number>();
  private readonly listeners = new Set<Listener>();
  private stopFollowing: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private away = false;

  constructor(@Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'store' | 'logger'>) {}

  onModuleInit(): void {
    this.stopFollowing = this.options.store.onAppended((facts) => {
      for (const { stream, version } of facts) this.learn(stream, version);
    });
    this.schedule(0);
  }

  onModuleDestroy(): void {
    this.stopFollowing?.();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  known(): ReadonlyMap<string, number> {
    return this.heads;
  }

  onMoved(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks the log now. @throws Unavailable */
  async refresh(): Promise<void> {
    for (const [stream, version] of await this.options.store.heads()) this.learn(stream, version);
  }

  /** Resolves with true once a stream is past a version, with false after a time or when the signal aborts. */
  async past(stream: string, version: number, options: { withinMs: number; signal: AbortSignal }): Promise<boolean> {
    const isPast = () => (this.heads.get(stream) ?? 0) > version;
    if (isPast() || options.signal.aborted) return isPast();
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        stop();
        options.signal.removeEventListener('abort', settle);
        resolve(isPast());
      };
      const timer = setTimeout(settle, options.withinMs);
      const stop = this.onMoved((moved) => moved === stream && isPast() && settle());
      options.signal.addEventListener('abort', settle);
    });
  }

  private learn(stream: string, version: number): void {
    if ((this.heads.get(stream) ?? 0) >= version) return;
    this.heads.set(stream, version);
    for (const listener of [...this.listeners]) listener(stream, version);
  }

  private schedule(delay: number): void {
    this.timer = setTimeout(() => void this.poll(), delay);
  }

  private async poll(): Promise<void> {
    try {
      await this.refresh();
      if (this.away) this.options.logger.info('the log answers again');
      this.away = false;
    } catch (error) {
      if (!this.away) this.options.logger.warn({ err: error }, 'the log does not answer');
      if (!(error instanceof Unavailable))
        this.options.logger.error({ err: error }, 'reading the heads of the log failed');
      this.away = true;
    }
    if (this.timer) this.schedule(POLL);
  }
}
