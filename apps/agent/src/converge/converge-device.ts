import type { DesiredDevice } from '#wireguard/core/desired-device.js';
import { type Device, DeviceError } from '#wireguard/core/device.js';
import { diffDevice } from '#wireguard/core/diff-device.js';
import { greetPeers } from '#wireguard/core/greet-peers.js';
import type { ObservedDevice, ObservedPeer } from '#wireguard/core/observed-device.js';
import type { QuietPeers } from './quiet-peers.js';

/** A machine whose interface somebody else changes all the time cannot be converged. */
const ROUNDS = 3;

export interface Circumstances {
  quietPeers: QuietPeers;
  /** Seconds of a clock that never jumps. */
  now(): number;
  /** Peers may hold sessions with this node from before: it has held a set already. */
  isKnown: boolean;
  /** Told of peers that have a session, each time it looks. */
  onLive(peers: readonly ObservedPeer[]): Promise<void>;
}

/**
 * Makes the device what it shall be and reads it back: when it returns, nothing differed.
 * @returns why each step was taken; empty when there was nothing to do
 * @throws DeviceError
 */
export async function convergeDevice(
  device: Device,
  desired: DesiredDevice,
  { quietPeers, now, isKnown, onLive }: Circumstances,
): Promise<string[]> {
  const reasons: string[] = [];
  for (let round = 0; ; round++) {
    const observed = await present(device, reasons);
    const quiet = quietPeers.update(observed.peers, now());
    await onLive(observed.peers.filter(({ publicKey }) => !quiet.has(publicKey)));
    const operations = diffDevice(desired, observed, quiet);
    if (operations.length === 0) return reasons;
    const why = operations.map((operation) => operation.reason);
    if (round === ROUNDS)
      throw new DeviceError('failed', `it still differs after ${ROUNDS} rounds: ${why.slice(0, 5).join('; ')}`);
    reasons.push(...why);
    await device.apply(operations);
    const isNewKey = operations.some(({ kind }) => kind === 'private-key') && observed.publicKey !== null;
    // An interface that was down has no session left, made anew or not.
    const isNewlyUp = isKnown && operations.some(({ kind }) => kind === 'link-up');
    if (isNewKey || isNewlyUp) await device.apply(greetPeers(desired));
  }
}

/** The interface as it is, made (again) if it must be. */
async function present(device: Device, reasons: string[]): Promise<ObservedDevice> {
  const observed = await observeOrBury(device, reasons);
  if (observed) return observed;
  reasons.push('the interface is missing');
  await device.create();
  const made = await device.observe();
  if (!made) throw new DeviceError('failed', 'the interface vanished as soon as it was made');
  return made;
}

async function observeOrBury(device: Device, reasons: string[]): Promise<ObservedDevice | undefined> {
  try {
    return await device.observe();
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'dead') throw error;
    reasons.push(error.message);
    await device.discard();
    return undefined;
  }
}
