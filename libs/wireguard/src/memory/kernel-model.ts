import { counterName, UNMATCHED, type Firewall } from '../core/firewall/firewall.js';
import { firewallDigest } from '../core/firewall/render-firewall.js';
import type { RoutingRule } from '../core/full-tunnel.js';
import type { Counters, ObservedDevice, ObservedFirewall } from '../core/observed-device.js';
import type { Operation, PeerSet } from '../core/operation.js';
import { SYSCTL_KEYS, type SysctlKey } from '../core/sysctls.js';

interface ModelPeer {
  hasPresharedKey: boolean;
  endpoint: string | null;
  allowedIps: Set<string>;
  handshakeAt: number;
  keepalive: number;
}

/** What Linux does with the steps, as measured: a prefix has one owner, the last to name it; a link that is down has no routes. */
export class KernelModel {
  publicKey: string | null = null;
  listenPort = 0;
  fwmark = 0;
  mtu = 1420;
  up = false;
  readonly addresses = new Set<string>();
  readonly peers = new Map<string, ModelPeer>();
  /** Prefix → whether it is marked as ours. */
  readonly routes = new Map<string, boolean>();
  readonly tunnelRoutes = new Set<string>();
  /** By their text. */
  readonly rules = new Map<string, RoutingRule>();
  firewall: ObservedFirewall | null = null;
  readonly sysctls: Record<SysctlKey, string | null> = {
    forward4: '0',
    forward6: '0',
    markedPaths: '0',
    loosePaths: '0',
  };
  /** Their values before ours. */
  readonly former = new Map<SysctlKey, string>();

  constructor(
    readonly ifindex: number,
    /** What the file with the private key stands for. */
    readonly ownPublicKey: string,
  ) {}

  static of(observed: ObservedDevice, ownPublicKey: string): KernelModel {
    const model = new KernelModel(observed.ifindex, ownPublicKey);
    Object.assign(model, { ...pick(observed) });
    for (const address of observed.addresses) model.addresses.add(address);
    for (const { publicKey, allowedIps, ...peer } of observed.peers)
      model.peers.set(publicKey, { ...peer, allowedIps: new Set(allowedIps) });
    for (const route of observed.routes) model.routes.set(route.cidr, route.ours);
    for (const cidr of observed.tunnelRoutes) model.tunnelRoutes.add(cidr);
    for (const rule of observed.rules) model.rules.set(JSON.stringify(rule), rule);
    model.firewall = observed.firewall;
    Object.assign(model.sysctls, observed.sysctls);
    for (const key of observed.changedSysctls) model.former.set(key, '0');
    return model;
  }

  read(): ObservedDevice {
    return {
      ifindex: this.ifindex,
      ...pick(this),
      addresses: [...this.addresses].sort(),
      peers: [...this.peers]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([publicKey, peer]) => ({
          publicKey,
          ...peer,
          allowedIps: [...peer.allowedIps].sort(),
        })),
      routes: [...this.routes].map(([cidr, ours]) => ({ cidr, ours })),
      tunnelRoutes: [...this.tunnelRoutes].sort(),
      rules: [...this.rules.values()],
      firewall: this.firewall,
      sysctls: { ...this.sysctls },
      changedSysctls: SYSCTL_KEYS.filter((key) => this.former.has(key)),
    };
  }

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'private-key':
        this.publicKey = this.ownPublicKey;
        this.peers.delete(this.ownPublicKey);
        return;
      case 'listen-port':
        this.listenPort = operation.port;
        return;
      case 'peer-set':
        return this.setPeer(operation);
      case 'prefix-drop':
        for (const prefix of operation.prefixes) this.#take(prefix);
        return;
      case 'peer-remove':
        this.peers.delete(operation.publicKey);
        return;
      case 'address-add':
        this.addresses.add(operation.address);
        return;
      case 'address-delete':
        if (!this.addresses.delete(operation.address)) throw new Error(`no address ${operation.address}`);
        return;
      case 'mtu':
        this.mtu = operation.mtu;
        return;
      case 'link-up':
        this.up = true;
        return;
      case 'route-add':
        return this.#addRoute(operation.cidr, operation.replace);
      case 'route-delete':
        if (!this.routes.delete(operation.cidr)) throw new Error(`no route ${operation.cidr}`);
        return;
      default:
        return this.#applyToHost(operation);
    }
  }

  #applyToHost(operation: HostOperation): void {
    switch (operation.kind) {
      case 'fwmark':
        this.fwmark = operation.mark;
        return;
      case 'firewall-set':
        this.firewall = { digest: firewallDigest(operation.firewall), counters: countersOf(operation) };
        return;
      case 'firewall-remove':
        if (!this.firewall) throw new Error('no table');
        this.firewall = null;
        return;
      case 'sysctl-set':
        if (!this.former.has(operation.key)) this.former.set(operation.key, this.sysctls[operation.key] ?? '0');
        this.sysctls[operation.key] = operation.value;
        return;
      case 'sysctl-restore':
        this.sysctls[operation.key] = this.former.get(operation.key) ?? '0';
        this.former.delete(operation.key);
        return;
      case 'tunnel-route-add':
        if (!this.up) throw new Error('Network is down');
        this.tunnelRoutes.add(operation.cidr);
        return;
      case 'tunnel-route-delete':
        if (!this.tunnelRoutes.delete(operation.cidr)) throw new Error(`no route ${operation.cidr}`);
        return;
      case 'rule-add':
        if (this.rules.has(JSON.stringify(operation.rule))) throw new Error('File exists');
        this.rules.set(JSON.stringify(operation.rule), operation.rule);
        return;
      case 'rule-delete':
        if (!this.rules.delete(JSON.stringify(operation.rule))) throw new Error('No such file or directory');
        return;
      default:
        operation satisfies never;
    }
  }

  setDown(): void {
    this.up = false;
    this.routes.clear();
    this.tunnelRoutes.clear();
  }

  setPeer(set: Omit<PeerSet, 'kind'>): void {
    if (set.publicKey === this.publicKey) return;
    const peer = this.peers.get(set.publicKey) ?? newPeer();
    this.peers.set(set.publicKey, peer);
    if (set.clearPresharedKey) peer.hasPresharedKey = false;
    if (set.endpoint !== undefined) peer.endpoint = set.endpoint;
    if (set.keepalive !== undefined) peer.keepalive = set.keepalive;
    if (set.allowedIps === undefined) return;
    peer.allowedIps.clear();
    for (const prefix of set.allowedIps) {
      this.#take(prefix);
      peer.allowedIps.add(prefix);
    }
  }

  #addRoute(cidr: string, replace: boolean): void {
    if (!this.up) throw new Error('Network is down');
    if (this.routes.has(cidr) && !replace) throw new Error('File exists');
    this.routes.set(cidr, true);
  }

  #take(prefix: string): void {
    for (const peer of this.peers.values()) peer.allowedIps.delete(prefix);
  }
}

const newPeer = (): ModelPeer => ({
  hasPresharedKey: false,
  endpoint: null,
  allowedIps: new Set(),
  handshakeAt: 0,
  keepalive: 0,
});

type HostOperation = Extract<
  Operation,
  { kind: 'fwmark' | `firewall-${string}` | `sysctl-${string}` | `tunnel-route-${string}` | `rule-${string}` }
>;

/** What is named again goes on, what is new begins at nothing. */
function countersOf({ firewall, counters }: { firewall: Firewall; counters: Counters }): Counters {
  const drops = firewall.filters.filter(({ verdict }) => verdict === 'drop').map(({ name }) => counterName(name));
  const names = firewall.filters.length > 0 ? [...drops, UNMATCHED] : [];
  return Object.fromEntries(names.map((name) => [name, counters[name] ?? { packets: 0, bytes: 0 }]));
}

const pick = ({ publicKey, listenPort, fwmark, mtu, up }: ObservedDevice | KernelModel) => ({
  publicKey,
  listenPort,
  fwmark,
  mtu,
  up,
});
