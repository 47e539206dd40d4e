import { type Device, DeviceError } from '#wireguard/core/device.js';
import { messageOf } from '../failure.js';
import type { Log } from '../log.js';
import { nodeRequest } from '../server/node-request.js';
import { problemOf } from '../server/problem.js';
import type { Identity } from '../state/identity.js';
import type { StateDir } from '../state/state-dir.js';

export interface LeaveParts {
  dir: StateDir;
  identity: Identity;
  device: Device;
  log: Log;
}

/**
 * Leaves the network. The server is told first, because that takes the node's key; whatever it says, everything of ours
 * then goes from this machine: the interface with its addresses and routes, its process, the state.
 * @returns what the operator still has to do, if anything
 * @throws DeviceError when the interface cannot be removed; then the state stays, so that it can be tried again
 */
export async function leave({ dir, identity, device, log }: LeaveParts): Promise<string | undefined> {
  const left = await tellServer(identity, log);
  await removeOurs(device, log);
  await dir.clear();
  log.info({ network: identity.network, node: identity.name }, 'left');
  return left
    ? undefined
    : `the server does not know yet: remove the node there (tombolo node delete ${identity.network}/${identity.name})`;
}

async function removeOurs(device: Device, log: Log): Promise<void> {
  try {
    await device.remove();
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'foreign') throw error;
    log.warn({ why: error.message }, 'the interface is not ours');
  }
}

/** @returns whether the server holds the node no more */
async function tellServer(identity: Identity, log: Log): Promise<boolean> {
  try {
    const answer = await nodeRequest(identity, { action: 'leave' });
    // Unknown there: it was removed before.
    if (answer.status < 300 || answer.status === 404) return true;
    log.warn({ status: answer.status, why: problemOf(answer).detail }, 'the server did not take the leave');
  } catch (error) {
    log.warn({ why: messageOf(error) }, 'the server could not be told');
  }
  return false;
}
