/** Names of networks, nodes, clusters, gateways and clients: one DNS label, lower case (RFC 1123 §2.1). */
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Ids are UUIDv7 (RFC 9562 §5.7); they become subject tokens and user names in NATS, so nothing else may pass. */
export const ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The stream of everything outside any network: tokens, the list of networks. No network may take this name. */
export const SYSTEM_STREAM = 'system';

/** Leases of the right to publish the desired state of a network's nodes begin so. */
export const PUBLISHER_LEASES = 'topology-planner:network:';

export const publisherLease = (networkId: string) => PUBLISHER_LEASES + networkId;

export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value);
}
