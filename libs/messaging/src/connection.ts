import { AuthorizationError, connect, errors, type NatsConnection, type Status } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { Unavailable } from '#contracts/errors.js';
import { AckedPublisher } from './acked-publisher.js';
import { Distrust } from './distrust.js';
import { drain } from './drain.js';
import { pause } from './pause.js';
import { type BrokerAddress, connectionOptions, jwtLogin, parseCredentials } from './broker-login.js';
import { ServiceMac } from './service-mac.js';

/** `refused`: the broker does not accept the login; it is tried again for ever. */
export type ConnectionStatus = 'connected' | 'disconnected' | 'refused' | 'closed';

export interface ServiceConnectionOptions extends BrokerAddress {
  /** Text of a `.creds` file. */
  creds: string;
  /** The controller's X25519 private key, base64: needed where messages between services are proven, and for what nodes report. */
  sealingKey?: string;
  /** Shown in the broker's monitoring pages. */
  name: string;
  /** How long to wait for the first connection, milliseconds (default 30,000). */
  firstConnectMs?: number;
}

/**
 * Connects a service; from then on it reconnects for ever.
 * @throws Unavailable when no broker answers in time; Error when the broker refuses the login
 */
export async function connectService(options: ServiceConnectionOptions): Promise<ServiceConnection> {
  const { jwt, seed } = parseCredentials(options.creds);
  const deadline = performance.now() + (options.firstConnectMs ?? 30_000);
  for (;;) {
    try {
      const nats = await connect({
        ...connectionOptions(options),
        name: options.name,
        authenticator: jwtLogin(() => jwt, seed),
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        reconnectJitterTLS: 500,
      });
      return new ServiceConnection(nats, options.sealingKey);
    } catch (error) {
      if (isRefusedLogin(error))
        throw new Error(`the broker at ${options.urls.join(', ')} refuses the login of ${options.name}`, {
          cause: error,
        });
      if (performance.now() > deadline) {
        const detail = `no broker answers at ${options.urls.join(', ')}: ${(error as Error).message}`;
        throw new Unavailable('broker', detail, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** One connection of a service, shared by everything in it. */
export class ServiceConnection {
  readonly jetstream: JetStreamClient;
  readonly acked: AckedPublisher;
  /** What came over it and was not believed. */
  readonly distrust = new Distrust();
  readonly #mac: ServiceMac | undefined;
  readonly #listeners = new Set<(status: ConnectionStatus) => void>();
  #manager: Promise<JetStreamManager> | undefined;
  #status: ConnectionStatus = 'connected';

  constructor(
    /** For this library only: apps do not import the client. */
    readonly nats: NatsConnection,
    sealingKey?: string,
  ) {
    this.#mac = sealingKey === undefined ? undefined : new ServiceMac(sealingKey);
    this.jetstream = jetstream(nats, { timeout: 5_000 });
    this.acked = new AckedPublisher(nats, 3_000);
    void this.#follow();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** @throws Error on a connection that was made without the sealing key */
  get mac(): ServiceMac {
    if (!this.#mac) throw new Error('this connection was made without the key that services prove their messages with');
    return this.#mac;
  }

  /** Called at every change, `connected` after each reconnect. Returns a function that ends it. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  manager(): Promise<JetStreamManager> {
    this.#manager ??= jetstreamManager(this.nats, { checkAPI: false, timeout: 5_000 });
    return this.#manager;
  }

  /** Asks the broker and waits up to two seconds for its answer. @throws Unavailable */
  async check(): Promise<void> {
    if (this.#status !== 'connected') throw new Unavailable('broker', `connection to the broker is ${this.#status}`);
    const inTime = await this.taken(2_000);
    if (!inTime) throw new Unavailable('broker', 'the broker does not answer');
  }

  /** Resolves when the broker has passed on what was sent so far; to false when that takes longer, or there is no connection. */
  async taken(patienceMs: number): Promise<boolean> {
    if (this.#status !== 'connected') return false;
    const silence = new AbortController();
    const answered = this.nats.flush().then(
      () => true,
      () => false,
    );
    const inTime = await Promise.race([answered, pause(patienceMs, silence.signal).then(() => false)]);
    silence.abort();
    return inTime;
  }

  /** What a broker answers, unless the connection is lost meanwhile: it says nothing more then, and the client would wait for it. */
  async unlessLost<T>(answer: Promise<T>): Promise<T> {
    let off = () => {};
    const lost = new Promise<never>((_, reject) => {
      off = this.onStatus((status) => {
        if (status !== 'connected') reject(new Unavailable('broker', `the connection is ${status}`));
      });
    });
    return Promise.race([answer, lost]).finally(off);
  }

  /** Resolves when connected (at once if it is). @throws Unavailable when the connection is closed or the signal aborts */
  whenConnected(signal?: AbortSignal): Promise<void> {
    if (this.#status === 'connected') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error?: Error) => {
        off();
        signal?.removeEventListener('abort', onAbort);
        if (error) reject(error);
        else resolve();
      };
      const onAbort = () => done(new Unavailable('broker', 'gave up waiting for the broker'));
      const off = this.onStatus((status) => {
        if (status === 'connected') done();
        if (status === 'closed') done(new Unavailable('broker', 'connection to the broker is closed'));
      });
      if (this.#status === 'closed') done(new Unavailable('broker', 'connection to the broker is closed'));
      else if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort);
    });
  }

  /** Delivers what is on its way, then closes. */
  async close(): Promise<void> {
    if (!this.nats.isClosed()) await (this.#status === 'connected' ? drain(this.nats) : this.nats.close());
  }

  async #follow(): Promise<void> {
    for await (const event of this.nats.status()) {
      this.#set(statusAfter(this.#status, event));
    }
    this.#set('closed');
  }

  #set(status: ConnectionStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    if (status === 'disconnected') this.acked.connectionLost();
    for (const listener of [...this.#listeners]) listener(status);
  }
}

/** A broker that refuses a login also hangs up: what counts is the refusal. */
export function statusAfter(status: ConnectionStatus, event: Status): ConnectionStatus {
  if (event.type === 'reconnect') return 'connected';
  if (event.type === 'disconnect') return status === 'refused' ? status : 'disconnected';
  if (event.type === 'error' && isRefusedLogin(event.error)) return 'refused';
  return status;
}

/** The login is wrong, revoked or has expired. */
export function isRefusedLogin(error: unknown): boolean {
  return error instanceof AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
}
