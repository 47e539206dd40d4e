import type { DesiredDevice } from './desired-device.js';
import type { Operation } from './operation.js';

/**
 * Steps that make the interface shake hands with every peer at once: a keepalive is sent when its interval changes from
 * none to some (kernel and wireguard-go alike). After a change of the private key a peer with a packet for us would
 * otherwise wait until we have one for it: up to a keepalive's interval, or for ever where it cannot call us.
 */
export function greetPeers(desired: DesiredDevice): Operation[] {
  const reason = 'the private key is another one';
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
