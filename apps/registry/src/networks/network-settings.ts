import type { FieldError } from '#contracts/errors.js';
import type { NetworkSettings } from '#contracts/facts.js';
import { oneOfErrors, wholeNumberErrors } from '#topology/fields.js';

/** What may be changed while nodes are in the network. */
export type NetworkTuning = Partial<Pick<NetworkSettings, 'mtu' | 'keepalive' | 'defaultPolicy'>>;

/** 1280 is the least that IPv6 may have (RFC 8200 §5); 9000 is a jumbo frame. */
const MTU = [1280, 9000] as const;
/** What WireGuard's 16-bit field holds; 0: off. */
const KEEPALIVE = [0, 65535] as const;

export function settingErrors({ mtu, keepalive, defaultPolicy }: NetworkTuning): FieldError[] {
  return [
    ...wholeNumberErrors('mtu', mtu, MTU),
    ...wholeNumberErrors('keepalive', keepalive, KEEPALIVE),
    ...oneOfErrors('defaultPolicy', defaultPolicy, ['allow', 'deny']),
  ];
}
