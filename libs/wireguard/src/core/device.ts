import type { ObservedDevice } from './observed-device.js';
import type { Operation } from './operation.js';

/** What carries the tunnels: the kernel's WireGuard, or a wireguard-go process. */
export type Backend = 'kernel' | 'userspace';

/**
 * One WireGuard interface of this machine. Touches nothing else. Adapters: memory-device.ts (a model of the kernel) and
 * linux/linux-device.ts; both pass the contract in testing/device-contract.ts.
 */
export interface Device {
  /** Of the interface as last observed or created; null before. */
  readonly backend: Backend | null;
  /**
   * Reads the interface, changes nothing.
   * @returns undefined when there is no such interface
   * @throws DeviceError `foreign` when the name belongs to somebody else; `dead` when its backend no longer answers
   */
  observe(): Promise<ObservedDevice | undefined>;
  /** Makes the interface, down and empty. @throws DeviceError `unsupported`, `failed` */
  create(): Promise<void>;
  /** Carries out the steps in order. @throws DeviceError `conflict`, `dead`, `failed`; the steps before it are done */
  apply(operations: readonly Operation[]): Promise<void>;
  /** Removes the interface alone, with what runs it, so that it can be made again. @throws DeviceError `foreign`, `failed` */
  discard(): Promise<void>;
  /**
   * Removes everything of ours: the interface with its addresses and routes, what runs it, routing rules, translation and
   * filter; the machine's own settings come back. @throws DeviceError `foreign`, `failed`
   */
  remove(): Promise<void>;
}

/**
 * `foreign`: the interface name is in use by something that is not ours. `dead`: the backend does not answer; remove and
 * create. `conflict`: the machine holds something that contradicts the set (a route, a port). `unsupported`: no such
 * backend here. `failed`: anything else a tool said.
 */
export type DeviceErrorCode = 'foreign' | 'dead' | 'conflict' | 'unsupported' | 'failed';

export class DeviceError extends Error {
  constructor(
    readonly code: DeviceErrorCode,
    message: string,
    /** The step that failed. */
    readonly operation?: Operation,
  ) {
    super(message);
    this.name = 'DeviceError';
  }
}
