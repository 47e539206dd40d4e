import type { PeerResource } from '#contracts/node-stream.js';
import type { PeerLook } from './link-watch.js';

/**
 * Reads `wg show IF dump` (wg(8)) for the peers of the set; clients and keys that come are left out.
 * @param now Unix seconds
 */
export function readLinks(dump: string, peers: readonly PeerResource[], now: number): PeerLook[] {
  const byKey = new Map(peers.map((peer) => [peer.publicKey, peer]));
  const [, ...lines] = dump.split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    const [publicKey = '', , endpoint, , handshakeAt, rx, tx] = line.split('\t');
    const peer = byKey.get(publicKey);
    if (!peer) return [];
    return [
      {
        nodeId: peer.name.slice('peer/'.length),
        endpoint: endpoint === '(none)' || endpoint === undefined ? null : endpoint,
        handshakeAt: Number(handshakeAt),
        handshakeAge: Number(handshakeAt) === 0 ? null : Math.max(0, Math.floor(now - Number(handshakeAt))),
        rx: Number(rx),
        tx: Number(tx),
        isWatched: peer.keepalive !== undefined,
      },
    ];
  });
}
