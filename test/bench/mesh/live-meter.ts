import { HEAD_HEADER, parseHead } from '#contracts/node-stream.js';
import { LIVE_PREFIX } from '#contracts/subjects.js';
import type { ServiceConnection } from '#messaging/connection.js';

/** What was delivered on the agents' live subjects, in bytes. */
export interface Delivered {
  messages: number;
  subject: number;
  /** All of them, those of the broker included. */
  headers: number;
  /** What the broker adds when it republishes: stream, subject and sequences. */
  brokerHeaders: number;
  payload: number;
}

/** Hears every agent's live messages a second time, so it is not open while latencies are measured. */
export class LiveMeter {
  readonly delivered: Delivered = { messages: 0, subject: 0, headers: 0, brokerHeaders: 0, payload: 0 };
  readonly #stop: () => void;

  private constructor(connection: ServiceConnection, onMessage: (logVersion: number) => void) {
    const subscription = connection.nats.subscribe(`${LIVE_PREFIX}.*.delta.*`, {
      callback: (error, message) => {
        const head = error ? undefined : parseHead(message.headers?.get(HEAD_HEADER) ?? '');
        if (!head) return;
        const { subject, data } = message;
        const { delivered } = this;
        delivered.messages += 1;
        delivered.subject += subject.length;
        delivered.payload += data.length;
        // The client's size is that of subject, headers and payload.
        delivered.headers += (message as typeof message & { size(): number }).size() - subject.length - data.length;
        for (const name of message.headers?.keys() ?? [])
          if (name.startsWith('Nats-')) delivered.brokerHeaders += lineLength(name, message.headers?.get(name) ?? '');
        onMessage(head.logVersion);
      },
    });
    this.#stop = () => subscription.unsubscribe();
  }

  /** Resolves when the broker hears for it. */
  static async open(
    connection: ServiceConnection,
    onMessage: (logVersion: number) => void = () => {},
  ): Promise<LiveMeter> {
    const meter = new LiveMeter(connection, onMessage);
    await connection.check();
    return meter;
  }

  stop(): void {
    this.#stop();
  }
}

/** `Name: value` and the line's end. */
const lineLength = (name: string, value: string) => name.length + 2 + value.length + 2;
