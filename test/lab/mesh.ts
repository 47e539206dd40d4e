import { Agent, type Joining } from './agent.js';
import { ControlPlane } from './control-plane.js';
import { type Host } from './rig/host.js';
import { type Internet } from './rig/internet.js';
import { attachBehind, attachFirewalled, attachLan, type NatKind, showOtherPort } from './rig/nat.js';
import { type Station } from './rig/reachability.js';
import { Rig } from './rig/rig.js';
import { waitFor } from './rig/wait-for.js';

/** Where the control plane is reached. */
export const CONTROL = '203.0.113.1';
export const NETWORK = 'lab';

/** A node as the HTTP API shows it. */
export interface NodeView {
  nodeId: string;
  name: string;
  publicKey: string;
  addresses: string[];
  enabled: boolean;
}

interface NodeStatus {
  name: string;
  enabled: boolean;
  inSync: boolean;
  agent: { backend: string; peers: number; repairs: number } | null;
}

/** A machine that can join the mesh. */
export interface Machine {
  name: string;
  host: Host;
  /** On which the machine, or the router before it, meets the internet. */
  publicAddress: string;
  agent: Agent;
  /** The one router that it is behind. */
  router?: Host;
}

/** A machine that has joined, with its addresses in the mesh. */
export interface Member extends Machine, Station {}

/** A control plane with one network, and machines that join it. */
export class Mesh {
  private lastHost = 9;
  private lastPort = 45_000;

  private constructor(
    readonly rig: Rig,
    readonly internet: Internet,
    readonly control: ControlPlane,
  ) {}

  static async start(): Promise<Mesh> {
    const rig = Rig.create();
    try {
      const internet = await rig.internet();
      const host = await rig.host('control');
      await internet.attach(host, CONTROL);
      const control = new ControlPlane(host, CONTROL, rig.directory);
      await control.start();
      await control.call('POST', 'networks', { name: NETWORK, cidr: '10.90.0.0/16', cidr6: 'fd90::/64' });
      return new Mesh(rig, internet, control);
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.rig.close();
  }

  /** A machine with a public address, or behind a router of this kind, that has not joined. */
  async machine(name: string, nat?: NatKind): Promise<Machine> {
    const publicAddress = `203.0.113.${++this.lastHost}`;
    const host = await this.rig.host(name);
    if (!nat) await this.internet.attach(host, publicAddress);
    const router = nat && (await this.home(host, nat, { publicAddress, subnet: '192.168.1' }));
    return { ...this.at(name, host, publicAddress), ...(router && { router }) };
  }

  /** A router loses all its mappings, and shows the machine at another port. */
  async rebootRouter({ router, publicAddress }: Machine): Promise<void> {
    if (!router) throw new Error('there is no router to reboot');
    await showOtherPort(router, ++this.lastPort);
    await this.internet.replug(router, publicAddress, 'wan');
  }

  /** Carries a machine to another network: another address of its own, another router, another address outside. */
  async move(machine: Machine, nat: NatKind): Promise<void> {
    const publicAddress = `203.0.113.${++this.lastHost}`;
    await machine.host.ip('link delete eth0');
    machine.router = await this.home(machine.host, nat, { publicAddress, subnet: `192.168.${this.lastHost}` });
    machine.publicAddress = publicAddress;
  }

  private async home(host: Host, nat: NatKind, at: { publicAddress: string; subnet: string }): Promise<Host> {
    const router = await this.rig.host(`${host.name}-router-${at.publicAddress}`);
    await this.internet.attach(router, at.publicAddress, 'wan');
    await attachBehind(router, nat, { host, interface: 'eth0', subnet: at.subnet });
    return router;
  }

  /** Two machines on one LAN behind one router, that have not joined. */
  async lan(nat: NatKind, ...names: string[]): Promise<Machine[]> {
    const publicAddress = `203.0.113.${++this.lastHost}`;
    const hosts = await Promise.all(names.map((name) => this.rig.host(name)));
    const router = await this.rig.host(`${names.join('-')}-router`);
    await this.internet.attach(router, publicAddress, 'wan');
    const cable = await this.rig.switch(`${names.join('-')}-lan`);
    await attachLan(router, nat, { cable, subnet: '192.168.7', hosts });
    return names.map((name, i) => ({ ...this.at(name, hosts[i] as Host, publicAddress), router }));
  }

  /** A machine behind the router of a home, which is behind that of a carrier; it has not joined. */
  async carried(name: string): Promise<Machine> {
    const publicAddress = `203.0.113.${++this.lastHost}`;
    const [host, home, carrier] = (await Promise.all(
      [name, `${name}-home`, `${name}-carrier`].map((each) => this.rig.host(each)),
    )) as [Host, Host, Host];
    await this.internet.attach(carrier, publicAddress, 'wan');
    await attachBehind(carrier, 'symmetric', { host: home, interface: 'wan', subnet: '100.64.0' });
    await attachBehind(home, 'cone', { host, interface: 'eth0', subnet: '192.168.1' });
    return this.at(name, host, publicAddress);
  }

  /** A machine with a public address that lets nobody in whom it has not written to; it has not joined. */
  async firewalled(name: string): Promise<Machine> {
    const [transit, address] = [`203.0.113.${++this.lastHost}`, `203.0.113.${++this.lastHost}`];
    const [host, firewall] = [await this.rig.host(name), await this.rig.host(`${name}-firewall`)];
    await attachFirewalled(this.internet, firewall, { host, address, transit });
    return this.at(name, host, address);
  }

  /** A public machine whose own firewall drops what comes through the mesh, but for datagrams to ports from 9000; it has not joined. */
  async walled(name: string): Promise<Machine> {
    const machine = await this.machine(name);
    const rules = ['udp dport 9000-9999 accept', 'drop'].map((rule) => `iifname "tmb0" ${rule};`).join(' ');
    await machine.host.nft(`table inet walled { chain in { type filter hook input priority 0; ${rules} }; }`);
    return machine;
  }

  private at(name: string, host: Host, publicAddress: string): Machine {
    return { name, host, publicAddress, agent: new Agent(name, host, this.rig.directory) };
  }

  /** A new machine that has joined. */
  async join(name: string, options: { nat?: NatKind } = {}): Promise<Member> {
    return this.enrol(await this.machine(name, options.nat));
  }

  /** Lets a machine join and waits until it holds what it shall hold. */
  async enrol(machine: Machine, joining?: Joining): Promise<Member> {
    machine.agent.up(await this.token(), joining);
    const isInSync = async () => (await this.status(machine.name)).inSync;
    await machine.agent.waitFor('the agent to be in sync', isInSync, 120_000);
    return { ...machine, addresses: (await this.node(machine.name)).addresses };
  }

  /** An enrolment token. */
  async token(uses: number | null = 1): Promise<string> {
    const key = await this.control.call<{ token: string }>('POST', `networks/${NETWORK}/enrollment-keys`, { uses });
    return key.token;
  }

  node(name: string): Promise<NodeView> {
    return this.control.call<NodeView>('GET', `networks/${NETWORK}/nodes/${name}`);
  }

  async statuses(): Promise<NodeStatus[]> {
    return (await this.control.call<{ nodes: NodeStatus[] }>('GET', `networks/${NETWORK}/status`)).nodes;
  }

  async status(name: string): Promise<NodeStatus> {
    const found = (await this.statuses()).find((node) => node.name === name);
    if (!found) throw new Error(`the network has no node ${name}`);
    return found;
  }

  /** Waits until these nodes have reported that they hold what the log says; they repeat it every 30 s. */
  async waitUntilInSync(machines: Machine[]): Promise<void> {
    const look = async () => {
      const statuses = await this.statuses();
      const late = machines.filter(({ name }) => !statuses.find((node) => node.name === name)?.inSync);
      if (late.length > 0) throw new Error(`not in sync: ${late.map(({ name }) => name).join(', ')}`);
      return true;
    };
    await waitFor(look, { what: 'agents to be in sync', timeout: 60_000 });
  }
}
