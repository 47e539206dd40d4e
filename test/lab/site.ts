import { type Host } from './rig/host.js';
import { type Station } from './rig/reachability.js';
import { type Rig } from './rig/rig.js';
import { startTeller } from './rig/source-matrix.js';
import { type Switch } from './rig/switch.js';

/** The interface by which machines of the mesh stand in a site. */
export const LEG = 'lan';

/** A segment behind machines of the mesh, with machines that run nothing of ours: a data centre's, a cluster's pods. */
export class Site {
  private constructor(
    private readonly rig: Rig,
    private readonly name: string,
    private readonly segment: Switch,
  ) {}

  static async create(rig: Rig, name: string): Promise<Site> {
    return new Site(rig, name, await rig.switch(`${name}-lan`));
  }

  /** @param addresses with prefix length */
  async leg(host: Host, ...addresses: string[]): Promise<void> {
    await this.plug(host, LEG, addresses);
  }

  /**
   * A machine that tells who calls it. `routers`: its default routes; without them it knows its own segment only.
   * @param addresses with prefix length; those of /32 and /128 are held beside the segment, as a service's are
   */
  async workload(name: string, addresses: string[], routers: string[] = []): Promise<Station> {
    const host = await this.rig.host(`${this.name}-${name}`);
    const own = addresses.filter((address) => !isHost(address));
    await this.plug(host, 'eth0', own);
    await host.ip(
      ...addresses.filter(isHost).map((address) => `address add ${address} dev lo`),
      ...routers.map((router) => `route add default via ${router}`),
    );
    await startTeller(host);
    return { name: host.name, host, addresses: addresses.map((address) => address.replace(/\/.*/, '')) };
  }

  private async plug(host: Host, name: string, [first, ...rest]: string[]): Promise<void> {
    await this.segment.plug({ host, interface: name }, first as string);
    for (const address of rest) await host.ip(`address add ${address} dev ${name}`);
  }
}

const isHost = (address: string) => /\/(32|128)$/.test(address);
