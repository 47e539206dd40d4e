import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { NetworkDirectory } from '../log/network-directory.js';
import { REGISTRY_OPTIONS, type RegistryOptions, type RevokedLogin } from '../registry.options.js';

/** Milliseconds until a revocation that failed is tried again, and at most until one that got lost is made good. */
const RETRY = 1_000;
const REPEAT = 60_000;

type Options = Pick<RegistryOptions, 'credentials' | 'logger' | 'metrics'>;

/**
 * Takes the broker login from every node that was removed, whoever removed it. The list follows from the facts alone, so
 * a crash between fact and revocation loses nothing, and it is pushed again from time to time in case the broker lost it.
 */
@Injectable()
export class LoginRevocation implements OnModuleInit, OnModuleDestroy {
  private stopFollowing: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pushed = new Map<string, string>();
  private running = false;
  private stopped = false;

  constructor(
    @Inject(NetworkDirectory) private readonly directory: NetworkDirectory,
    @Inject(REGISTRY_OPTIONS) private readonly options: Options,
  ) {
    const pending = () => this.missing();
    new Gauge({
      name: 'tombolo_registry_pending_revocations',
      help: 'Removed nodes whose broker login is not revoked yet',
      registers: [options.metrics],
      collect() {
        this.set(pending());
      },
    });
  }

  onModuleInit(): void {
    this.stopFollowing = this.directory.onChanged(() => {
      if (this.missing() > 0) this.soon(0);
    });
    this.soon(REPEAT);
  }

  onModuleDestroy(): void {
    this.stopped = true;
    this.stopFollowing?.();
    clearTimeout(this.timer);
  }

  /** Pushes the whole list now. */
  async push(): Promise<void> {
    if (this.running || this.stopped) return;
    this.running = true;
    const wanted = this.wanted();
    let next = REPEAT;
    try {
      if (wanted.length > 0) await this.options.credentials.revoke(wanted);
      this.pushed = new Map(wanted.map(({ natsKey, at }) => [natsKey, at]));
    } catch (error) {
      this.options.logger.warn({ err: error, nodes: wanted.length }, 'logins of removed nodes not revoked yet');
      next = RETRY;
    }
    this.running = false;
    // A node that was removed meanwhile must not wait.
    this.soon(next === REPEAT && this.missing() > 0 ? 0 : next);
  }

  private soon(delay: number): void {
    if (this.running || this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.push(), delay);
  }

  private missing(): number {
    return this.wanted().filter(({ natsKey, at }) => this.pushed.get(natsKey) !== at).length;
  }

  private wanted(): RevokedLogin[] {
    return [...this.directory.all()].flatMap(({ removedNodes }) => [...removedNodes.values()]);
  }
}
