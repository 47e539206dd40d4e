import type { NodeSet } from '#contracts/node-fold.js';
import type { Log } from '../log.js';
import { confirm, type Confirmation, type ConfirmationEvent, type Effect } from './confirmation.js';
import { touchesWay } from './way-to-server.js';

/** The connection to the control plane. */
export interface ServerLink {
  readonly isConnected: boolean;
  /** Addresses of the control plane, with full prefix length. */
  readonly controlPlane: readonly string[];
  /** Whether it answers within so many milliseconds. */
  answers(patienceMs: number): Promise<boolean>;
  /** Gives up the connection and makes another, in the background. */
  redial(): void;
}

const PROBE_EVERY_MS = 1_000;
const PROBE_PATIENCE_MS = 3_000;
const LOOK_MS = 500;

/** Whether a set that was applied may be held, judged by whether it leaves the control plane reachable. */
export class WayGuard {
  #state: Confirmation = { phase: 'idle' };
  #timer: NodeJS.Timeout | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  #stopped = false;

  constructor(private readonly parts: { link: ServerLink; log: Log }) {}

  /**
   * After a set was applied in place of another.
   * @returns `hold` it; `return` to the one before, and then `judge`; `stopped`: neither, the agent ends
   */
  async prove(before: NodeSet | undefined, after: NodeSet): Promise<'hold' | 'return' | 'stopped'> {
    const { link } = this.parts;
    if (!before || !touchesWay(before, after, link.controlPlane)) return 'hold';
    this.#state = { phase: 'idle' };
    return this.#run({ type: 'applied', connected: link.isConnected }) as Promise<'hold' | 'return' | 'stopped'>;
  }

  /** After the return. @returns `blame`: the set cuts us off; `trust`: the control plane is away whatever we do */
  judge(): Promise<'blame' | 'trust' | 'stopped'> {
    return this.#run({ type: 'returned' }) as Promise<'blame' | 'trust' | 'stopped'>;
  }

  connected(): void {
    this.#take({ type: 'connected' });
  }

  disconnected(): void {
    this.#take({ type: 'silent' });
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#settle?.('stopped');
  }

  #run(event: ConfirmationEvent): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.#stopped) return resolve('stopped');
      this.#settle = resolve;
      this.#timer = setInterval(() => this.#take({ type: 'tick' }), LOOK_MS);
      this.#take(event);
    });
  }

  #take(event: ConfirmationEvent): void {
    if (this.#stopped) return;
    const [state, effects] = confirm(this.#state, event, performance.now());
    if (state.phase !== this.#state.phase) this.parts.log.debug({ from: this.#state.phase, to: state.phase }, 'way');
    this.#state = state;
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: Effect): void {
    if (effect === 'probe') return void setTimeout(() => void this.#probe(), PROBE_EVERY_MS);
    if (effect === 'redial') return this.parts.link.redial();
    clearInterval(this.#timer);
    this.#settle?.(effect);
  }

  async #probe(): Promise<void> {
    if (this.#stopped) return;
    this.#take({ type: (await this.parts.link.answers(PROBE_PATIENCE_MS)) ? 'answered' : 'silent' });
  }
}

type Outcome = Exclude<Effect, 'probe' | 'redial'> | 'stopped';
