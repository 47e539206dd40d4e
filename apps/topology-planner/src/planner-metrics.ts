import { Counter, Histogram, type Registry } from 'prom-client';

export class PlannerMetrics {
  readonly #batches: Histogram;
  readonly #messages: Counter;
  readonly #bytes: Counter;
  readonly refused: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#batches = new Histogram({
      name: 'tombolo_planner_batch_facts',
      help: 'Facts that one batch of per-node messages brought out',
      buckets: [1, 2, 5, 10, 50, 200, 1_000],
      registers,
    });
    this.#messages = new Counter({
      name: 'tombolo_planner_messages_total',
      help: 'Per-node messages stored',
      registers,
    });
    this.#bytes = new Counter({
      name: 'tombolo_planner_bytes_total',
      help: 'Bytes of per-node messages before sealing',
      registers,
    });
    this.refused = new Counter({
      name: 'tombolo_planner_refused_total',
      help: 'Plans not published because they broke an invariant',
      registers,
    });
  }

  published({ messages, bytes, facts }: { messages: number; bytes: number; facts: number }): void {
    this.#batches.observe(facts);
    this.#messages.inc(messages);
    this.#bytes.inc(bytes);
  }
}
