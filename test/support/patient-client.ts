import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer<T = unknown> {
  status: number;
  body: T;
  /** How often it was asked until this answer. */
  tries: number;
  /** Milliseconds until this answer. */
  tookMs: number;
}

const RETRY_MS = 50;

/**
 * A client as operators should be: each write has an idempotency key and is repeated, as it is, until somebody answers. An answer
 * is anything but silence, a cut connection and a 503.
 */
export class PatientClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
    /** When it gives up: milliseconds of one try, and of all. */
    private readonly patience = { tryMs: 5_000, allMs: 60_000 },
  ) {}

  /** @throws Error when nobody answered in all that time */
  async ask<T = unknown>(method: string, path: string, body?: object, key: string = randomUUID()): Promise<Answer<T>> {
    const began = performance.now();
    for (let tries = 1; ; tries++) {
      const answer = await this.#try(method, path, body, key);
      if (answer && answer.status !== 503) {
        const text = await answer.text().catch(() => undefined);
        if (text !== undefined) {
          const tookMs = performance.now() - began;
          return { status: answer.status, body: (text ? JSON.parse(text) : undefined) as T, tries, tookMs };
        }
      }
      if (performance.now() - began > this.patience.allMs)
        throw new Error(
          `${method} ${path} was not answered in ${this.patience.allMs} ms (${answer?.status ?? 'silence'})`,
        );
      await sleep(RETRY_MS);
    }
  }

  /** The body of an answer that says yes. @throws Error with any other answer */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.ask<T>('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async #try(method: string, path: string, body: object | undefined, key: string): Promise<Response | undefined> {
    try {
      return await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.token}`,
          'Idempotency-Key': key,
          ...(body && { 'Content-Type': 'application/json' }),
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(this.patience.tryMs),
      });
    } catch {
      return undefined;
    }
  }
}
