import { messageOf } from '../failure.js';
import type { Log } from '../log.js';
import type { HttpAnswer } from '../server/http-request.js';
import { problemOf } from '../server/problem.js';
import { JsonFields } from '../state/json-fields.js';
import { type Login, parseLogin } from '../state/login.js';

export interface LoginKeeperParts {
  /** Asks the server for a new login. @throws AgentFailure `unreachable` */
  request(): Promise<HttpAnswer>;
  onRenewed(login: Login): Promise<void>;
  log: Log;
}

const SOONEST_MS = 60_000;
/** Whatever the clock says. */
const LATEST_MS = 43_200_000;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Renews the broker login when two thirds of its life are over, and whenever the broker refuses it; tries for ever, with
 * growing pauses. The only place where the wall clock decides something: a wrong clock costs a request or a reconnect.
 */
export class LoginKeeper {
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #asking = false;
  #stopped = false;
  #isKnown = true;

  constructor(private readonly parts: LoginKeeperParts) {}

  /** Watches over a login; undefined: there is none, and one is asked for at once. */
  keep(login: Login | undefined): void {
    if (!login) return this.#schedule(0);
    const left = Date.parse(login.expiresAt) - Date.now();
    this.#schedule(Math.min(Math.max(SOONEST_MS, (left * 2) / 3), LATEST_MS));
  }

  /** The broker does not take it. */
  refused(): void {
    // After a failure the next attempt is planned already; the broker refuses every few seconds.
    if (!this.#asking && this.#failures === 0) this.#schedule(0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), delayMs);
  }

  async #renew(): Promise<void> {
    this.#asking = true;
    try {
      const answer = await this.parts.request();
      if (answer.status !== 200) throw this.#refusal(answer);
      const login = parseLogin(JsonFields.parse(answer.text, "the server's answer"));
      await this.parts.onRenewed(login);
      this.#failures = 0;
      this.#isKnown = true;
      this.parts.log.info({ expiresAt: login.expiresAt }, 'login renewed');
      this.keep(login);
    } catch (error) {
      this.#failures += 1;
      const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
      if (this.#isKnown)
        this.parts.log.warn({ why: messageOf(error) }, 'the login could not be renewed, it is tried again');
      this.#schedule(longest * (0.5 + Math.random() / 2));
    } finally {
      this.#asking = false;
    }
  }

  /** A node that was removed keeps its tunnels as they are; the operator decides (`leave`). */
  #refusal(answer: HttpAnswer): Error {
    const { status, detail } = problemOf(answer);
    if ((status === 401 || status === 404) && this.#isKnown) {
      this.#isKnown = false;
      const advice = 'clean up with "tombolo-agent leave", or join again';
      this.parts.log.error({ status, detail, advice }, 'the server does not know this node any more');
    }
    return new Error(detail);
  }
}
