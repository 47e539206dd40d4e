import { parseEndpoint } from '#ipam/endpoint-text.js';
import type { DesiredDevice, DesiredPeer } from '#wireguard/core/desired-device.js';
import type { ObservedPeer } from '#wireguard/core/observed-device.js';
import { readIfThere, writeDurably } from './files.js';
import type { StateDir } from './state-dir.js';

/** Endpoints by public key. */
type Seen = Record<string, string>;

/**
 * Where those peers were last that the set names no endpoint for: they are behind NAT, and call. To an interface that lost its sessions they go on
 * sending by those that they have, for 15 s (whitepaper §6.5), unless they are called where their NAT still lets this node in; so it is kept on disk.
 */
export class SeenEndpoints {
  private constructor(
    private readonly dir: StateDir,
    private seen: Seen,
  ) {}

  static async load(dir: StateDir): Promise<SeenEndpoints> {
    return new SeenEndpoints(dir, parse(await readIfThere(dir.file('seenEndpoints'))));
  }

  /** The same device, where peers without an endpoint are called where they were seen. */
  fill(desired: DesiredDevice): DesiredDevice {
    const filled = (peer: DesiredPeer) => ({ ...peer, endpoint: peer.endpoint ?? this.seen[peer.publicKey] ?? null });
    return { ...desired, peers: new Map([...desired.peers].map(([key, peer]) => [key, filled(peer)])) };
  }

  /**
   * Those that are no peers any more, or have an endpoint by the set, are forgotten.
   * @param live peers with a session
   */
  async note({ peers }: DesiredDevice, live: readonly ObservedPeer[]): Promise<void> {
    const found = new Map(live.map(({ publicKey, endpoint }) => [publicKey, endpoint]));
    const callers = [...peers.values()].filter(({ endpoint }) => endpoint === null);
    const seen = Object.fromEntries(
      callers.flatMap(({ publicKey }) => {
        const endpoint = found.get(publicKey) ?? this.seen[publicKey];
        return endpoint === undefined ? [] : [[publicKey, endpoint] as const];
      }),
    );
    if (JSON.stringify(seen) === JSON.stringify(this.seen)) return;
    this.seen = seen;
    await writeDurably(this.dir.file('seenEndpoints'), `${JSON.stringify(seen)}\n`);
  }
}

/** A damaged file is as none: whoever is alive is seen again. */
function parse(text: string | undefined): Seen {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isSeen(value) ? value : {};
  } catch {
    return {};
  }
}

function isSeen(value: unknown): value is Seen {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(isEndpoint);
}

function isEndpoint(value: unknown): value is string {
  try {
    return typeof value === 'string' && parseEndpoint(value).port > 0;
  } catch {
    return false;
  }
}
