import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import { type IngestResult, SOURCE_COMMANDS, type SourceCommand } from '#contracts/sources.js';
import { ingestResultSubject, ingestSubject } from '#contracts/subjects.js';
import type { LiveMesh } from '../support/live-mesh.js';
import { connectSource } from '../support/source-login.js';
import { until } from '../support/wait.js';
import type { Settled } from './load.js';

/** A replica that takes a command and dies has it for a minute. */
const PATIENCE_MS = 180_000;
const AGAIN_MS = 5_000;

type Command = { type: SourceCommand; data: object };

/** Another system, as docs/publishers.md tells it to be: it sends a command under its id until it hears what became of it. */
export class SourceClient {
  /** Id → command, and everything that was heard of it. */
  readonly #sent = new Map<string, { what: string; text: string; heard: IngestResult[] }>();

  private constructor(
    private readonly nats: NatsConnection,
    private readonly mesh: LiveMesh,
    private readonly source: { name: string; sourceId: string },
  ) {
    nats.subscribe(ingestResultSubject(source.name), {
      callback: (_, message) => {
        const result = message.json<IngestResult>();
        this.#sent.get(result.id ?? '')?.heard.push(result);
      },
    });
  }

  /** @param brokers by which URLs it gets to the brokers that it is told of */
  static async create(mesh: LiveMesh, brokers: (urls: string[]) => string[]): Promise<SourceClient> {
    const name = `source-${mesh.name}`;
    const made = await mesh.client.ask<{ sourceId: string; credentials: string; urls: string[] }>('POST', '/sources', {
      name,
      networks: [mesh.name],
      allow: SOURCE_COMMANDS,
    });
    if (made.status !== 201) throw new Error(`POST /sources: ${made.status} ${JSON.stringify(made.body)}`);
    const { sourceId, credentials, urls } = made.body;
    const dial = () => connectSource(brokers(urls), credentials).catch(() => undefined);
    const nats = await until('the source to be let in', dial, PATIENCE_MS);
    return new SourceClient(nats, mesh, { name, sourceId });
  }

  /** @returns the first that was heard of it */
  async send(command: Command): Promise<IngestResult> {
    const id = randomUUID();
    const data = { network: this.mesh.name, ...command.data };
    const type = `tombolo.${command.type}`;
    const text = JSON.stringify({ specversion: '1.0', id, source: '/chaos', type, data });
    const { heard } = this.#remember(id, { what: `${type} ${id}`, text });
    const began = performance.now();
    while (performance.now() - began < PATIENCE_MS) {
      const isStored = await this.#publish(text);
      const patience = isStored ? AGAIN_MS : 200;
      for (let waited = 0; waited < patience && heard.length === 0; waited += 20) await sleep(20);
      if (heard[0]) return heard[0];
    }
    throw new Error(`${type} ${id} of ${this.source.name} was not answered in ${PATIENCE_MS} ms`);
  }

  /** Sends one again that was answered, as who has forgotten that does, and does not wait. @param pick from 0 up to, not including, 1 */
  async sendAgain(pick: number): Promise<void> {
    const sent = [...this.#sent.values()];
    const one = sent[Math.floor(pick * sent.length)];
    if (one) await this.#publish(one.text);
  }

  /** Waits until all that was sent is answered, and what is on its way. @returns each command with what was said of it in the end */
  async settle(): Promise<Settled[]> {
    // A source's commands are done in order: when this one is answered, there is nothing before it.
    await this.send({ type: 'node.labels', data: { node: 'nobody', labels: {} } });
    return [...this.#sent].map(([id, { what, heard }]) => {
      const done = heard.filter(({ outcome }) => outcome !== 'rejected');
      const told = [...new Set(done.map(({ events }) => JSON.stringify(events)))];
      if (told.length > 1) throw new Error(`${what} was answered in two ways: ${told.join(' and ')}`);
      const commandId = sha256Hex(canonicalJson(['source', this.source.sourceId, id]));
      return { commandId, what, ...(done[0] ? { status: 200, versions: done[0].events ?? [] } : { status: 409 }) };
    });
  }

  async close(): Promise<void> {
    await this.nats.close();
  }

  #remember(id: string, sent: { what: string; text: string }) {
    const remembered = { ...sent, heard: [] as IngestResult[] };
    this.#sent.set(id, remembered);
    return remembered;
  }

  /** @returns whether the broker says that it has it */
  async #publish(text: string): Promise<boolean> {
    try {
      const answer = await this.nats.request(ingestSubject(this.source.name), text, { timeout: 2_000 });
      return answer.json<{ error?: object }>().error === undefined;
    } catch {
      return false;
    }
  }
}
