import { flatPodsOf } from '../flat-pods.js';
import { except, isWithin } from '../prefix-lists.js';
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
        // A range may hold the mesh, or a cluster of the member's: those are not what it opens.
        const destinations = except(ranges, [...around.insiders, ...around.hidden(viewer)]);
        // Longer ones of the node's other gateways say by themselves with which address.
        const masked = except(destinations, narrower(around.opened(viewer), ranges));
        const sources = around.insiders;
        // What comes from its own pods goes into the tunnel, to a gateway of a longer prefix, and as itself.
        const others = except(sources, flatPodsOf(around.state).get(viewer.nodeId) ?? []);
        const nat = gateway.masquerade ? masquerade(gatewayId, { sources: others, destinations: masked }) : [];
        return { forward: true, resources: [...accept(gatewayId, { sources, destinations }), ...nat] };
      }
      const active = around.activeFor(viewer, gateway);
      return active ? { reach: through(active.nodeId, ranges) } : {};
    });

const narrower = (ranges: readonly string[], than: readonly string[]): string[] =>
  ranges.filter((range) => !than.includes(range) && than.some((wide) => isWithin(range, wide)));
