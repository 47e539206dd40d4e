/**
 * Marks our routes in the kernel: `ip route show proto 116`. Unassigned in iproute2's rt_protos; 186 to 189 and 192 would
 * not do, a starting FRRouting sweeps routes with the numbers of routing protocols.
 */
export const ROUTE_PROTOCOL = 116;

/**
 * A session without a handshake for so long is dead (REJECT_AFTER_TIME, WireGuard paper §6.1): what the peer's endpoint
 * roamed to is worth no more than what the control plane says.
 */
export const SESSION_EXPIRY_SECONDS = 180;
