import { Counter, type Registry } from 'prom-client';

export class GatewayManagerMetrics {
  /** By `reason`. */
  readonly elected: Counter<'reason'>;
  readonly electionFailed: Counter;
  /** By `command` and `outcome`: done, repeated, refused, failed. */
  readonly commands: Counter<'command' | 'outcome'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.elected = new Counter({
      name: 'tombolo_gateway_elections_total',
      help: 'Elections of an active member that this replica brought into the log',
      labelNames: ['reason'],
      registers,
    });
    this.electionFailed = new Counter({
      name: 'tombolo_gateway_elections_failed_total',
      help: 'Elections that the log or the broker was not there for; each is tried again',
      registers,
    });
    this.commands = new Counter({
      name: 'tombolo_gateway_commands_total',
      help: 'Commands answered by this replica',
      labelNames: ['command', 'outcome'],
      registers,
    });
  }
}
