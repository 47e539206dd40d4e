import type { NodeSet } from '#contracts/node-fold.js';
import { isInterface } from '#wireguard/core/desired-device.js';
import { messageOf } from '../failure.js';
import type { Log } from '../log.js';
import type { HttpAnswer } from '../server/http-request.js';
import { problemOf } from '../server/problem.js';
import type { TunnelKeys } from '../state/tunnel-keys.js';

export interface KeyOfferParts {
  keys: Pick<TunnelKeys, 'prepare' | 'discard'>;
  /** Offers a public key to the server. @throws AgentFailure `unreachable` */
  offer(publicKey: string): Promise<HttpAnswer>;
  log: Log;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Answers a request for a new WireGuard key: makes one, on disk first, and offers its public half until the server has an
 * answer. The change itself comes as desired state, to this node and its peers at once.
 */
export class KeyOffer {
  #answered = 0;
  #wanted = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #stopped = false;

  constructor(private readonly parts: KeyOfferParts) {}

  /** Looks whether a set asks for a key. */
  look(set: NodeSet): void {
    const own = set.resources.get('interface');
    const wanted = (own && isInterface(own) && own.key?.wanted) || 0;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    this.#goOn();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #goOn(pauseMs = 0): void {
    if (this.#stopped || this.#asking || this.#wanted === 0 || this.#wanted === this.#answered) return;
    this.#timer = setTimeout(() => void this.#ask(this.#wanted), pauseMs);
  }

  async #ask(request: number): Promise<void> {
    this.#asking = true;
    let pauseMs = 0;
    try {
      const { keys, offer, log } = this.parts;
      const answer = await offer(await keys.prepare());
      const { code, detail } = problemOf(answer);
      if (answer.status >= 500 || answer.status === 429 || code === 'public_key_taken') {
        if (code === 'public_key_taken') await keys.discard();
        throw new Error(detail);
      }
      this.#answered = request;
      this.#failures = 0;
      if (answer.status < 300) log.info({ request }, 'a new key is offered');
      else log.warn({ request, status: answer.status, why: detail }, 'the server does not want the new key');
    } catch (error) {
      this.#failures += 1;
      pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
      this.parts.log.warn({ why: messageOf(error) }, 'the new key could not be offered, it is tried again');
    } finally {
      this.#asking = false;
      this.#goOn(pauseMs);
    }
  }
}
