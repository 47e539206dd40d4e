import type { FactOwnerOptions } from '#service/fact-owner.js';
import type { NetworkFollower } from '#service/network-follower.js';

export interface GatewayManagerOptions extends FactOwnerOptions {
  /** Started by whoever made it. */
  networks: NetworkFollower;
  /** Resolves when all that the broker had for this process by now has arrived. @throws Unavailable */
  hearAll(): Promise<void>;
}

export const GATEWAY_MANAGER_OPTIONS = Symbol('gateway-manager options');
