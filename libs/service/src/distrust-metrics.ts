import { Counter, type Registry } from 'prom-client';
import type { ServiceConnection } from '#messaging/connection.js';

/** Messages that came over this connection and were not believed, by `kind` and `reason` (libs/messaging `Distrust`). */
export function countDistrust(metrics: Registry, { distrust }: Pick<ServiceConnection, 'distrust'>): void {
  new Counter({
    name: 'tombolo_messages_not_believed_total',
    help: 'Messages of the broker that this replica did not believe: no proof or a wrong one, repeated, late, of an unknown node',
    labelNames: ['kind', 'reason'],
    registers: [metrics],
    collect() {
      this.reset();
      for (const { kind, reason, count } of distrust.counts) this.inc({ kind, reason }, count);
    },
  });
}
