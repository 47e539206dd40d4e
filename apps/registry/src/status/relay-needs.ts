import { readAddress } from '#ipam/address.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import { landscapeOf } from '#planner/gateways/landscape.js';
import type { Unrelayed } from '#planner/gateways/relay-table.js';
import { transitOf } from '#planner/gateways/transit.js';
import { isLive } from '#planner/members.js';
import { calledAt, needsRelay } from '#planner/paths/reach.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';

/** What relays do not carry of what a gateway is for, why, and what to do: one sentence for each pair of nodes. */
export function relayNeeds(state: NetworkState, gateway: GatewayState): string[] {
  if (!isLive(state) || gateway.active === null) return [];
  const pairs = new Map<string, Unrelayed[]>();
  for (const one of transitOf(landscapeOf(state)).unrelayed) {
    if (!concerns(gateway, one)) continue;
    const key = [one.relayId, one.from, one.to, one.because, one.by].join();
    pairs.set(key, [...(pairs.get(key) ?? []), one]);
  }
  return [...[...pairs.values()].map((some) => sentence(state, some)), ...tunnelsInThemselves(state, gateway)].sort();
}

function concerns({ kind, active, ranges }: GatewayState, { from, to, prefix }: Unrelayed): boolean {
  const isEverything = prefix.endsWith('/0');
  switch (kind) {
    case 'internet':
      return isEverything && to === active;
    case 'egress':
      return to === active && ranges.includes(prefix);
    case 'cluster':
      return !isEverything && (to === active || from === active);
    case 'ingress':
      return false;
    default:
      return kind satisfies never;
  }
}

function sentence(state: NetworkState, some: Unrelayed[]): string {
  const name = (nodeId: string) => `"${state.nodes.get(nodeId)?.name ?? nodeId}"`;
  const [{ relayId, from, to, because, by }] = some as [Unrelayed];
  const what = some.map(({ prefix }) => prefix).join(', ');
  const who = from === null ? 'other nodes' : from === relayId ? 'itself' : `node ${name(from)}`;
  const reason =
    because === 'endpoint'
      ? 'it calls that node at an address in that range'
      : `there that range, or a part of it, leads to ${by === null || by === relayId ? 'the relay itself' : `node ${name(by)}`}`;
  return `Relay ${name(relayId)} does not take ${what} from ${who} to node ${name(to)}: ${reason}. Assign another relay, or let a node serve that all others can call.`;
}

/** Rule 13: nobody can send what holds the relay's own address through that relay. */
function tunnelsInThemselves(state: NetworkState, { active, ranges }: GatewayState): string[] {
  const node = state.nodes.get(active ?? '');
  const relay = state.nodes.get(state.assignments.get(active ?? '')?.relayId ?? '');
  if (!isLive(state) || !node || !relay || !needsRelay(state, node)) return [];
  return ranges.flatMap((range) => {
    const inside = calledAt(state, relay).find((endpoint) => {
      const address = readAddress(parseEndpoint(endpoint).address);
      return address && contains(parsePrefix(range), address);
    });
    return inside === undefined
      ? []
      : [
          `Relay "${relay.name}" is called at ${inside}, which is in ${range}: nobody can send that range through it to node "${node.name}". Assign another relay, or leave that address out of the range.`,
        ];
  });
}
