import { DeviceError } from '../core/device.js';
import type { Operation } from '../core/operation.js';
import type { ToolError } from './run-tool.js';

/** Says which step of an `ip -batch` failed, and what to do about it. */
export function explainIpFailure(error: ToolError, operations: readonly Operation[]): DeviceError {
  const line = /Command failed -:(\d+)/.exec(error.detail.stderr)?.[1];
  const operation = line === undefined ? undefined : operations[Number(line) - 1];
  const says = error.detail.stderr.replace(/Command failed.*$/m, '').trim() || error.message;
  if (operation?.kind === 'route-add' && /File exists/.test(says)) {
    const message = `${operation.cidr} is routed through another interface of this machine; that route is left alone. Remove it, or give the network another range`;
    return new DeviceError('conflict', message, operation);
  }
  if (operation?.kind === 'link-up' && /Address already in use/.test(says))
    return new DeviceError('conflict', 'another program uses the UDP port we listen on', operation);
  return new DeviceError('failed', operation ? `${operation.reason}, and ip says: ${says}` : `ip: ${says}`, operation);
}
