import { type Host } from './host.js';
import { link } from './link.js';

const GATEWAY = '169.254.0.1';

/**
 * Machines with one public IPv4 address each, routed, not switched: one neighbour entry per cable end, where a mesh of
 * n machines on a switch needs n·(n−1) of a kernel-wide 1024 and loses packets from n = 33 on.
 */
export class Internet {
  private ports = 0;

  constructor(private readonly router: Host) {}

  /** Leads an address to a host that is attached by another one, its own. */
  async routeTo(address: string, host: string): Promise<void> {
    await this.router.ip(`route add ${address}/32 via ${host}`);
  }

  /** Gives the host this public address on this interface and the default route. */
  async attach(host: Host, address: string, name = 'eth0'): Promise<void> {
    const own = `p${++this.ports}`;
    await link({ host: this.router, interface: own }, { host, interface: name });
    await this.router.ip(`address add ${GATEWAY}/32 dev ${own}`, `route add ${address}/32 dev ${own}`);
    await host.ip(`address add ${address}/32 dev ${name}`, ...wayOut(address, name));
  }

  /** Pulls the cable of an attached host: nobody is told, its packets and those to it are gone. */
  async unplug(host: Host, name = 'eth0'): Promise<void> {
    await host.ip(`link set ${name} down`);
  }

  /** Pulls the cable of an attached host and plugs it in again: what was masqueraded is forgotten. */
  async replug(host: Host, address: string, name = 'eth0'): Promise<void> {
    await host.ip(`link set ${name} down`, `link set ${name} up`, ...wayOut(address, name));
  }

  /** Lets no UDP through between each of these pairs of addresses, either way; all else passes, and what was cut before. */
  async cut(...pairs: [string, string][]): Promise<void> {
    const drop = ([a, b]: [string, string]) =>
      `ip saddr { ${a}, ${b} } ip daddr { ${a}, ${b} } meta l4proto udp drop\n`;
    await this.router.nft(`
table ip cut
delete table ip cut
table ip cut {
  chain forward { type filter hook forward priority filter;
    ${pairs.map(drop).join('')}
  }
}
`);
  }
}

const wayOut = (address: string, name: string) => [
  `route add ${GATEWAY} dev ${name} scope link`,
  `route add default via ${GATEWAY} dev ${name} src ${address}`,
];
