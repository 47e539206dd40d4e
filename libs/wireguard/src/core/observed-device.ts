/** What the kernel (or wireguard-go) holds, as read back. */
export interface ObservedDevice {
  ifindex: number;
  /** null: no private key set yet. */
  publicKey: string | null;
  listenPort: number;
  mtu: number;
  up: boolean;
  /** All but link-local ones, with prefix length, canonical, sorted. */
  addresses: readonly string[];
  /** Sorted by public key. */
  peers: readonly ObservedPeer[];
  /** Routes of the main table through this interface, whoever made them, but the kernel's own. */
  routes: readonly ObservedRoute[];
}

export interface ObservedPeer {
  publicKey: string;
  /** The secret itself is never read. */
  hasPresharedKey: boolean;
  endpoint: string | null;
  /** Canonical, sorted. */
  allowedIps: readonly string[];
  /** Unix seconds by the clock of this machine; 0: never. */
  handshakeAt: number;
  /** Seconds; 0: off. */
  keepalive: number;
}

export interface ObservedRoute {
  cidr: string;
  /** Carries our protocol number. */
  ours: boolean;
}
