import type { ObservedDevice } from '../core/observed-device.js';
import type { Operation, PeerSet } from '../core/operation.js';

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
  mtu = 1420;
  up = false;
  readonly addresses = new Set<string>();
  readonly peers = new Map<string, ModelPeer>();
  /** Prefix → whether it is marked as ours. */
  readonly routes = new Map<string, boolean>();

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
        operation satisfies never;
    }
  }

  setDown(): void {
    this.up = false;
    this.routes.clear();
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

const pick = ({ publicKey, listenPort, mtu, up }: ObservedDevice | KernelModel) => ({ publicKey, listenPort, mtu, up });
