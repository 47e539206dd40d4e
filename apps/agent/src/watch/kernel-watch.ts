import { tableName } from '#wireguard/core/firewall/firewall.js';
import { kindAt } from '#wireguard/core/full-tunnel.js';
import type { Log } from '../log.js';
import { Monitor } from './monitor.js';

export interface KernelListener {
  /** Something of ours changed. */
  onChange(): void;
  /** The machine's own addresses, or its way out, may have changed. */
  onMove(): void;
}

/**
 * Says when something of ours changes: by `ip monitor` the interface, its addresses and routes, our routing rules, and
 * forwarding; by `nft monitor` our table, while there shall be one. Peers are told by nobody.
 */
export class KernelWatch {
  readonly #ip: Monitor;
  #nft: Monitor | undefined;
  #stopped = false;

  constructor(
    private readonly interfaceName: string,
    private readonly listener: KernelListener,
    private readonly log: Log,
  ) {
    this.#ip = new Monitor({
      command: ['ip', '-oneline', 'monitor', 'link', 'address', 'route', 'rule', 'netconf'],
      listeners: [
        {
          concerns: (line) => concerns(line, interfaceName) || concernsHost(line, interfaceName),
          onChange: () => listener.onChange(),
        },
        { concerns: (line) => tellsOfMove(line, interfaceName), onChange: () => listener.onMove() },
      ],
      log,
    });
  }

  /** Only where there is a table: on a host with many services the monitor has much to read. */
  watchFirewall(wanted: boolean): void {
    if (this.#stopped) return;
    if (wanted && !this.#nft) {
      const { interfaceName, listener, log } = this;
      const table = tableName(interfaceName);
      const concerns = (line: string) => line.split(' ').includes(table);
      const onChange = () => listener.onChange();
      this.#nft = new Monitor({ command: ['nft', 'monitor'], listeners: [{ concerns, onChange }], log });
    } else if (!wanted) {
      this.#nft?.stop();
      this.#nft = undefined;
    }
  }

  stop(): void {
    this.#stopped = true;
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
  if (rule !== undefined) return kindAt(Number(rule), interfaceName) !== undefined;
  return /^inet6? all forwarding /.test(line);
}

/** `default via … dev eth0`, `2: eth0    inet 192.0.2.5/24 … scope global …`, each perhaps after `Deleted`, of another interface. */
export function tellsOfMove(line: string, interfaceName: string): boolean {
  if (concerns(line, interfaceName)) return false;
  return /^(?:Deleted )?default /.test(line) || (/ inet6? /.test(line) && line.includes(' scope global '));
}
