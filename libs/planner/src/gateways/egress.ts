import { accept, type Contribution, masquerade, type Rule, through } from './contribution.js';

/**
 * Egress (rules 8, 9): everybody sends what goes to the ranges to the node that serves. All members let it out, ready or
 * serving, with their own address where the gateway masquerades.
 */
export const egress: Rule = (around, viewer) =>
  around.gateways
    .filter(({ kind }) => kind === 'egress')
    .map((gateway): Contribution => {
      const { gatewayId, ranges, members } = gateway;
      if (members.includes(viewer.nodeId)) {
        const out = { sources: around.insiders, destinations: ranges };
        const nat = gateway.masquerade ? masquerade(gatewayId, out) : [];
        return { forward: true, resources: [...accept(gatewayId, out), ...nat] };
      }
      const active = around.activeFor(viewer, gateway);
      return active ? { reach: through(active.nodeId, ranges) } : {};
    });
