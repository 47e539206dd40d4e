import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Agents, AgentsState } from './agents.js';
import type { Answer, Order } from './fleet-thread.js';
import type { EnrolledNode } from './mesh-node.js';
import { threadStart } from './thread-clock.js';

/**
 * Agents in as many threads as there are processors, each agent with a connection of its own. A thousand machines do not read what
 * they are told one after the other; in a single thread they would, beside a processor that has nothing to do.
 */
export class FleetThreads implements Agents {
  readonly #threads = Array.from({ length: availableParallelism() }, () => new FleetThread());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(node: EnrolledNode): void {
    this.#threads[this.#size++ % this.#threads.length]!.post({ kind: 'add', node });
  }

  async expect(peer: string): Promise<{ held: Promise<number> }> {
    const held = Promise.all(this.#threads.map((thread) => thread.arrivalOf(peer)));
    await this.#askAll({ kind: 'expect', peer });
    return { held: held.then((times) => Math.max(...times)) };
  }

  async state(): Promise<AgentsState> {
    const states = await this.#askAll({ kind: 'state' });
    return {
      isLevel: states.every(({ isLevel }) => isLevel),
      reportsToCome: states.reduce((sum, { reportsToCome }) => sum + reportsToCome, 0),
      fewestPeers: Math.min(...states.map(({ fewestPeers }) => fewestPeers)),
      mostPeers: Math.max(...states.map(({ mostPeers }) => mostPeers)),
      missing: states.map(({ missing }) => missing).join('; '),
    };
  }

  async collect(): Promise<void> {
    await this.#askAll({ kind: 'collect' });
  }

  async close(): Promise<void> {
    await this.#askAll({ kind: 'close' });
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  #askAll(order: Exclude<Order, { kind: 'add' }>): Promise<AgentsState[]> {
    return Promise.all(this.#threads.map((thread) => thread.ask(order)));
  }
}

/** One thread, as seen from outside. What fails in it fails here, too. */
class FleetThread {
  readonly #worker = new Worker(new URL('./fleet-thread.js', import.meta.url));
  readonly #arrivals = new Map<string, (at: number) => void>();
  readonly #asked: ((state: AgentsState) => void)[] = [];

  constructor() {
    this.#worker.on('message', (answer: Answer) => {
      if (answer.kind === 'done') return this.#asked.shift()?.(answer.state);
      this.#arrivals.get(answer.peer)?.(answer.at - threadStart);
      this.#arrivals.delete(answer.peer);
    });
  }

  post(order: Order): void {
    this.#worker.postMessage(order);
  }

  ask(order: Order): Promise<AgentsState> {
    return new Promise((resolve) => {
      this.#asked.push(resolve);
      this.post(order);
    });
  }

  arrivalOf(peer: string): Promise<number> {
    return new Promise((resolve) => this.#arrivals.set(peer, resolve));
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
