import { Counter, type Registry } from 'prom-client';

export class RelayPlannerMetrics {
  /** By `type`. */
  readonly facts: Counter<'type'>;
  readonly failed: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.facts = new Counter({
      name: 'tombolo_relay_facts_total',
      help: 'Facts that this replica decided by itself, from what it heard',
      labelNames: ['type'],
      registers,
    });
    this.failed = new Counter({
      name: 'tombolo_relay_decisions_failed_total',
      help: 'Decisions that the log was not there for; each is tried again',
      registers,
    });
  }
}
