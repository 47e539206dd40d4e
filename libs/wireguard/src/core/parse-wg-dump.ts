import type { ObservedPeer } from './observed-device.js';

export interface WgDump {
  publicKey: string | null;
  listenPort: number;
  /** 0: none. */
  fwmark: number;
  peers: ObservedPeer[];
}

/**
 * Reads `wg show IF dump` (wg(8)): one line of the interface, one for each peer, fields separated by tabs. Private and
 * preshared keys are in it; they are not kept.
 * @throws Error when it is not such a dump
 */
export function parseWgDump(text: string): WgDump {
  const [first, ...rest] = text.split('\n').filter((line) => line !== '');
  const own = first?.split('\t') ?? [];
  if (own.length !== 4) throw new Error(`wg show dump: expected 4 fields in the first line, found ${own.length}`);
  return {
    publicKey: orNull(own[1]),
    listenPort: Number(own[2]),
    fwmark: own[3] === 'off' ? 0 : Number(own[3]),
    // wireguard-go lists its peers in another order each time.
    peers: rest.map(parsePeer).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  };
}

function parsePeer(line: string): ObservedPeer {
  const fields = line.split('\t');
  if (fields.length !== 8) throw new Error(`wg show dump: expected 8 fields for a peer, found ${fields.length}`);
  const [publicKey, preshared, endpoint, allowedIps, handshakeAt, , , keepalive] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    publicKey,
    hasPresharedKey: preshared !== NONE,
    endpoint: orNull(endpoint),
    allowedIps: allowedIps === NONE ? [] : allowedIps.split(',').sort(),
    handshakeAt: Number(handshakeAt),
    keepalive: keepalive === 'off' ? 0 : Number(keepalive),
  };
}

const NONE = '(none)';
const orNull = (field: string | undefined) => (field === undefined || field === NONE ? null : field);
