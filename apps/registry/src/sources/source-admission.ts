import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { canonicalJson } from '#contracts/canonical.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import type { SystemState } from '#topology/system-fold.js';
import { IngestDesk } from '../ingest/ingest-desk.js';
import { Decisions } from '../log/decisions.js';
import { StreamHeads } from '../log/stream-heads.js';
import { type IngestFeed, REGISTRY_OPTIONS, type RegistryOptions, type SourceAccount } from '../registry.options.js';

/** Milliseconds until what failed is tried again, and until it is repeated in case the broker lost it. */
const RETRY = 1_000;
const REPEAT = 60_000;

/**
 * Lets sources in and out: brings the broker's accounts to what the log says, takes commands from those in force, drops
 * what revoked ones left. All of it follows from the facts alone, so a crash in between loses nothing.
 */
@Injectable()
export class SourceAdmission implements OnModuleInit, OnModuleDestroy {
  private readonly feed: IngestFeed;
  private stopFollowing: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private applied = new Map<string, string>();
  private repeatAt = 0;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(StreamHeads) private readonly heads: StreamHeads,
    @Inject(IngestDesk) desk: IngestDesk,
    @Inject(REGISTRY_OPTIONS)
    private readonly options: Pick<RegistryOptions, 'sources' | 'openIngest' | 'logger' | 'clock'>,
  ) {
    this.feed = options.openIngest((message) => desk.answer(message));
  }

  onModuleInit(): void {
    this.stopFollowing = this.heads.onMoved((stream) => {
      if (stream === SYSTEM_STREAM) this.soon(0);
    });
    this.soon(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.stopFollowing?.();
    clearTimeout(this.timer);
    await this.running;
    await this.feed.stop();
  }

  /** Does it now. Never throws: what fails is tried again, and the log has it already. */
  async admit(): Promise<void> {
    await this.running;
    this.running ??= this.run().finally(() => (this.running = undefined));
    await this.running;
  }

  private soon(delay: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.admit(), delay);
  }

  private async run(): Promise<void> {
    let next = REPEAT;
    try {
      const state = await this.decisions.systemState();
      this.feed.follow([...state.sources.values()].filter(({ revoked }) => !revoked).map(({ name }) => name));
      await this.apply(accountsOf(state));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'sources not brought up to date, will try again');
      next = RETRY;
    }
    this.soon(next);
  }

  /** What changed; and now and then all of those in force, so that a broker that lost one gets it again. */
  private async apply(accounts: SourceAccount[]): Promise<void> {
    const now = this.options.clock.monotonic();
    const repeat = now >= this.repeatAt;
    const due = accounts.filter(
      (account) => this.applied.get(account.account) !== textOf(account) || (repeat && !account.revoked),
    );
    if (repeat) this.repeatAt = now + REPEAT;
    if (due.length === 0) return;
    await this.options.sources.apply(due);
    for (const account of due) {
      if (account.revoked) await this.feed.forget(account.name);
      this.applied.set(account.account, textOf(account));
    }
  }
}

const textOf = (account: SourceAccount) => canonicalJson(account);

function accountsOf({ sources, networks }: SystemState): SourceAccount[] {
  return [...sources.values()].map(({ account, name, revoked, networks: ids }) => ({
    account,
    name,
    revoked,
    networks: ids.flatMap((id) => networks.get(id)?.name ?? []).sort(),
  }));
}
