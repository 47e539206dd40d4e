import { type Host } from './host.js';
import { link, type Port } from './link.js';

/** An Ethernet segment: a host that is only a bridge. For few machines: neighbour entries are one kernel-wide table. */
export class Switch {
  private ports = 0;

  constructor(private readonly bridge: Host) {}

  /** @param address with prefix length; @param gateway of the default route */
  async plug(port: Port, address: string, gateway?: string): Promise<void> {
    const own = `p${++this.ports}`;
    await link({ host: this.bridge, interface: own }, port);
    await this.bridge.ip(`link set ${own} master br0`);
    await port.host.ip(
      `address add ${address} dev ${port.interface}`,
      ...(gateway ? [`route add default via ${gateway}`] : []),
    );
  }
}
