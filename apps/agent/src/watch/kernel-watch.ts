import { tableName } from '#wireguard/core/firewall/firewall.js';
import { routingNumbers, RULE_ORDER } from '#wireguard/core/full-tunnel.js';
import type { Log } from '../log.js';
import { Monitor } from './monitor.js';

/**
 * Says when something of ours changes: by `ip monitor` the interface, its addresses and routes, our routing rules, and
 * forwarding; by `nft monitor` our table, while there shall be one. Peers are told by nobody.
 */
export class KernelWatch {
  readonly #ip: Monitor;
  #nft: Monitor | undefined;

  constructor(
    private readonly interfaceName: string,
    private readonly onChange: () => void,
    private readonly log: Log,
  ) {
    this.#ip = new Monitor({
      command: ['ip', '-oneline', 'monitor', 'link', 'address', 'route', 'rule', 'netconf'],
      concerns: (line) => concerns(line, interfaceName) || concernsHost(line, interfaceName),
      onChange,
      log,
    });
  }

  /** Only where there is a table: on a host with many services the monitor has much to read. */
  watchFirewall(wanted: boolean): void {
    if (wanted && !this.#nft) {
      const { interfaceName, onChange, log } = this;
      const table = tableName(interfaceName);
      const concerns = (line: string) => line.split(' ').includes(table);
      this.#nft = new Monitor({ command: ['nft', 'monitor'], concerns, onChange, log });
    } else if (!wanted) {
      this.#nft?.stop();
      this.#nft = undefined;
    }
  }

  stop(): void {
    this.#ip.stop();
    this.#nft?.stop();
  }
}

/** `7: tmb0: <…>`, `7: tmb0    inet …`, `10.90.0.0/16 dev tmb0 …`, each perhaps after `Deleted` or `local`. */
export function concerns(line: string, interfaceName: string): boolean {
  const words = line.split(/[\s\\]+/);
  return words.some(
    (word) => word === interfaceName || word === `${interfaceName}:` || word.startsWith(`${interfaceName}@`),
  );
}

/** `Deleted 20002:	not from all fwmark 0x74 lookup …` with our priorities; `inet all forwarding off`. */
export function concernsHost(line: string, interfaceName: string): boolean {
  const rule = /^(?:Deleted )?(\d+):\t.* lookup /.exec(line)?.[1];
  if (rule !== undefined) return RULE_ORDER[Number(rule) - routingNumbers(interfaceName).priority] !== undefined;
  return /^inet6? all forwarding /.test(line);
}
