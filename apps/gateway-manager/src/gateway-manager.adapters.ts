import { type FactOwnerAdapters, factOwnerOptions } from '#service/fact-owner.js';
import type { GatewayManagerOptions } from './gateway-manager.options.js';

/** The gateway-manager over the real log and the real broker. */
export const gatewayManagerOptions = (adapters: FactOwnerAdapters): GatewayManagerOptions => ({
  ...factOwnerOptions('gateway-manager', adapters),
  // The broker answers in order: after its answer, all that it had sent before is here.
  hearAll: () => adapters.parts.connection.check(),
});
