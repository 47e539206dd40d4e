import { Codec } from '@nats-io/nkeys/lib/codec.js';
import { Prefix } from '@nats-io/nkeys';
import { sha256Hex } from '#contracts/canonical.js';
import type { EnrolmentKeyRecord, NetworkFact, NodeRecord } from '#contracts/facts.js';

/** Facts of one small network, the same in every run; `n` counts from 1. */
export const NETWORK_ID = id('0001', 1);

export const nodeId = (n: number) => id('0002', n);
export const keyId = (n: number) => id('0003', n);
export const tokenId = (n: number) => id('0004', n);
export const networkId = (n: number) => id('0001', n);

export const wireguardKey = (n: number) => bytes('wireguard', n).toString('base64');
export const controlKey = (n: number) => bytes('control', n).toString('base64');
export const natsKey = (n: number) => natsKeyOf(bytes('nats', n));

/** The public text of a NATS user key with these 32 bytes. */
export const natsKeyOf = (key: Uint8Array) => new TextDecoder().decode(Codec.encode(Prefix.User, key));

export const SECRET_HASH = sha256Hex('secret');

type Data<Type extends NetworkFact['type']> = Extract<NetworkFact, { type: Type }>['data'];

export const networkCreated = (overrides: Partial<Data<'NetworkCreated'>> = {}): NetworkFact => ({
  type: 'NetworkCreated',
  data: {
    networkId: NETWORK_ID,
    name: 'prod',
    cidr: '10.90.0.0/16',
    cidr6: 'fd00:90::/64',
    model: 'flat',
    mtu: 1420,
    keepalive: 25,
    defaultPolicy: 'allow',
    ...overrides,
  },
});

export const keyCreated = (overrides: Partial<EnrolmentKeyRecord> = {}): NetworkFact => ({
  type: 'EnrolmentKeyCreated',
  data: {
    keyId: keyId(1),
    secretHash: SECRET_HASH,
    uses: null,
    expiresAt: null,
    ephemeralTtl: null,
    labels: {},
    site: null,
    ...overrides,
  },
});

export const nodeRecord = (n: number, overrides: Partial<NodeRecord> = {}): NodeRecord => ({
  nodeId: nodeId(n),
  name: `node-${n}`,
  publicKey: wireguardKey(n),
  controlKey: controlKey(n),
  natsKey: natsKey(n),
  addresses: [`10.90.${n >> 8}.${n & 255}`, `fd00:90::${n.toString(16)}`],
  endpoints: [],
  labels: {},
  site: null,
  keyId: keyId(1),
  ephemeralTtl: null,
  ...overrides,
});

export const nodeEnrolled = (n: number, overrides: Partial<NodeRecord> = {}): NetworkFact => ({
  type: 'NodeEnrolled',
  data: nodeRecord(n, overrides),
});

export const nodeRemoved = (n: number): NetworkFact => ({
  type: 'NodeRemoved',
  data: { nodeId: nodeId(n), reason: 'operator' },
});

/** A valid UUIDv7 that tells by its text what it is. */
function id(kind: string, n: number): string {
  return `019770d8-${kind}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

const bytes = (kind: string, n: number) => Buffer.from(sha256Hex(`${kind} ${n}`), 'hex');
