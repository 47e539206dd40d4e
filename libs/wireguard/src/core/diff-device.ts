import type { DesiredDevice } from './desired-device.js';
import { laterHostSteps, newHostSteps } from './diff-host.js';
import { diffPeers } from './diff-peers.js';
import { missing } from './missing.js';
import type { ObservedDevice } from './observed-device.js';
import type { Operation } from './operation.js';

/**
 * The steps from what is to what shall be, in the order in which they disturb least: translation and filter before anything
 * that they are for; keys and peers (new and changed ones before removals, so that a prefix is never without an owner),
 * addresses, MTU, link up, new routes, forwarding, the full tunnel, and only then what goes away. Empty when nothing differs.
 *
 * @param quiet public keys of peers without a live session: only their endpoints may be overwritten
 */
export function diffDevice(desired: DesiredDevice, observed: ObservedDevice, quiet: ReadonlySet<string>): Operation[] {
  const host = newHostSteps(desired, observed);
  return [
    ...host.firewall,
    ...diffSettings(desired, observed),
    ...diffPeers(desired.peers, observed.peers, quiet),
    ...missing(desired.addresses, observed.addresses).map((address): Operation => ({
      kind: 'address-add',
      address,
      reason: `address ${address} is missing`,
    })),
    ...diffLink(desired, observed),
    ...newRoutes(desired, observed),
    ...host.forwarding,
    ...laterHostSteps(desired, observed),
    ...oldRoutes(desired, observed),
    ...missing(observed.addresses, desired.addresses).map((address): Operation => ({
      kind: 'address-delete',
      address,
      reason: `address ${address} is not in the set`,
    })),
  ];
}

function diffSettings(desired: DesiredDevice, observed: ObservedDevice): Operation[] {
  const operations: Operation[] = [];
  if (observed.publicKey !== desired.publicKey) {
    const reason = observed.publicKey === null ? 'no private key is set' : 'another private key is set';
    operations.push({ kind: 'private-key', reason });
  }
  if (observed.listenPort !== desired.listenPort) {
    const reason = `listens on port ${observed.listenPort} instead of ${desired.listenPort}`;
    operations.push({ kind: 'listen-port', port: desired.listenPort, reason });
  }
  // A mark that is still needed by rules goes with them, in diff-host.ts.
  if (desired.fwmark !== 0 && observed.fwmark !== desired.fwmark)
    operations.push({
      kind: 'fwmark',
      mark: desired.fwmark,
      reason: `the tunnel's packets have mark ${observed.fwmark}`,
    });
  return operations;
}

function diffLink(desired: DesiredDevice, observed: ObservedDevice): Operation[] {
  const operations: Operation[] = [];
  if (observed.mtu !== desired.mtu) {
    operations.push({ kind: 'mtu', mtu: desired.mtu, reason: `MTU is ${observed.mtu} instead of ${desired.mtu}` });
  }
  if (!observed.up) operations.push({ kind: 'link-up', reason: 'the interface is down' });
  return operations;
}

function newRoutes(desired: DesiredDevice, observed: ObservedDevice): Operation[] {
  const ours = observed.routes.filter((route) => route.ours).map((route) => route.cidr);
  const others = new Set(observed.routes.filter((route) => !route.ours).map((route) => route.cidr));
  return missing(desired.routes, ours).map((cidr) => {
    const replace = others.has(cidr);
    const reason = replace ? `route ${cidr} is not marked as ours` : `route ${cidr} is missing`;
    return { kind: 'route-add', cidr, replace, reason };
  });
}

function oldRoutes(desired: DesiredDevice, observed: ObservedDevice): Operation[] {
  const ours = observed.routes.filter((route) => route.ours).map((route) => route.cidr);
  return missing(ours, desired.routes).map((cidr) => ({
    kind: 'route-delete',
    cidr,
    reason: `route ${cidr} is not in the set`,
  }));
}
