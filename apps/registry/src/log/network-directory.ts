import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SYSTEM_STREAM } from '#contracts/names.js';
import type { NetworkState } from '#topology/network-state.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { Decisions } from './decisions.js';
import { StreamHeads } from './stream-heads.js';

/** Milliseconds in which the moves of one network are gathered into one look at it. */
const GATHER = 20;
const RETRY = 500;

/**
 * Every network's state, kept warm and a moment behind the log: for finding what is named by an id alone, and for
 * services that react to facts. Deleted networks stay, for those of their nodes whose logins must stay revoked.
 */
@Injectable()
export class NetworkDirectory implements OnModuleInit, OnModuleDestroy {
  private readonly states = new Map<string, NetworkState>();
  private readonly listeners = new Set<() => void>();
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  private stopFollowing: (() => void) | undefined;

  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(StreamHeads) private readonly heads: StreamHeads,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'logger'>,
  ) {}

  onModuleInit(): void {
    this.stopFollowing = this.heads.onMoved((stream) => {
      if (stream !== SYSTEM_STREAM) this.updateLater(stream);
    });
  }

  onModuleDestroy(): void {
    this.stopFollowing?.();
    this.stopFollowing = undefined;
    for (const timer of this.waiting.values()) clearTimeout(timer);
  }

  /** States as they are known now. */
  all(): IterableIterator<NetworkState> {
    return this.states.values();
  }

  /** Called after a state has changed. */
  onChanged(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The first network for which something is found; the log is asked only when memory does not know. @throws Unavailable */
  async find<Found>(look: (state: NetworkState) => Found | undefined): Promise<Found | undefined> {
    const found = this.look(look);
    if (found !== undefined) return found;
    await this.catchUp();
    return this.look(look);
  }

  /** Brings every state to where the log is now. @throws Unavailable */
  async catchUp(): Promise<void> {
    await this.heads.refresh();
    const behind = [...this.heads.known()].filter(
      ([stream, version]) => stream !== SYSTEM_STREAM && (this.states.get(stream)?.version ?? 0) < version,
    );
    for (const [stream] of behind) await this.update(stream);
  }

  private look<Found>(look: (state: NetworkState) => Found | undefined): Found | undefined {
    for (const state of this.states.values()) {
      const found = look(state);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private updateLater(stream: string, delay = GATHER): void {
    if (this.waiting.has(stream)) return;
    const update = async () => {
      this.waiting.delete(stream);
      try {
        await this.update(stream);
      } catch (error) {
        this.options.logger.warn({ err: error, network: stream }, 'a network could not be read yet');
        // Whoever reacts to facts must not miss the last one before the log went away.
        if (this.stopFollowing) this.updateLater(stream, RETRY);
      }
    };
    this.waiting.set(
      stream,
      setTimeout(() => void update(), delay),
    );
  }

  private async update(stream: string): Promise<void> {
    const state = await this.decisions.networkState(stream, { fresh: true });
    if (state.version <= (this.states.get(stream)?.version ?? 0)) return;
    this.states.set(stream, state);
    for (const listener of [...this.listeners]) listener();
  }
}
