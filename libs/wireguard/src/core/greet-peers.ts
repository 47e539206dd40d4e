import type { DesiredDevice } from './desired-device.js';
import type { Operation } from './operation.js';

/**
 * Steps that make the interface shake hands with every peer at once: a keepalive is sent when its interval changes from
 * none to some (kernel and wireguard-go alike). After a change of the private key a peer with a packet for us would
 * otherwise wait until we have one for it: up to a keepalive's interval, or for ever where it cannot call us. And to an
 * interface that lost its sessions a peer sends in vain by the one that it still has, for 15 s (whitepaper §6.4, §6.5).
 */
export function greetPeers(desired: DesiredDevice): Operation[] {
  const reason = 'its peers hold sessions that are over';
  const peers = [...desired.peers.values()].filter(({ allowedIps }) => allowedIps.length > 0);
  return peers.flatMap(({ publicKey, keepalive }) =>
    [0, keepalive || 1, ...(keepalive === 0 ? [0] : [])].map((seconds): Operation => ({
      kind: 'peer-set',
      publicKey,
      keepalive: seconds,
      reason,
    })),
  );
}
