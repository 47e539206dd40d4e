import type { FilterResource, Resource } from '#contracts/node-stream.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { NodeState } from '#topology/network-state.js';
import { carriedBy } from '../carried.js';
import type { LiveState } from '../members.js';
import { accept, EVERYTHING } from '../gateways/contribution.js';
import { type Landscape, landscapeOf } from '../gateways/landscape.js';
import { transitOf } from '../gateways/transit.js';
import { except } from '../prefix-lists.js';

/**
 * What a relay has besides: that it tells of itself twice a second, and what it lets pass (rules 4 and 15): from and to whatever the mesh has an address for, behind gateways included; and of
 * those whose internet gateway is reached through it, everything. Out of the tunnel and back into it, nothing else. As long as
 * policy treats everybody alike, what is permitted to some is permitted to all.
 */
export function relayResources(state: LiveState, { nodeId }: NodeState): Resource[] {
  if (!state.relays.has(nodeId)) return [];
  const around = landscapeOf(state);
  const { mesh, isPlain } = around;
  const carried = isPlain ? [] : [...carriedBy(state).values()].flatMap((prefixes) => [...prefixes]);
  const ranges = [...mesh, ...carried].filter((prefix) => !prefix.endsWith('/0'));
  // Nobody opens a connection to a client: not past the filters of the node that lets it in, if that is this one.
  const destinations = except(ranges, isPlain ? [] : clientsOf(around, nodeId));
  const users = isPlain ? [] : (transitOf(around).carried.get(nodeId)?.users ?? []);
  const everything = accept('relay/internet', { sources: users, destinations: except(EVERYTHING, ranges) });
  return [...accept('relay', { sources: ranges, destinations }), ...everything].map(through).concat(signOfLife(nodeId));
}

const clientsOf = ({ clients, state }: Landscape, nodeId: string): string[] =>
  clients
    .filter(({ gatewayId }) => state.gateways.get(gatewayId)?.active === nodeId)
    .flatMap(({ addresses }) => addresses.map(hostPrefix));

const through = (filter: FilterResource): Resource => ({ ...filter, way: 'through' });

/** Whoever is behind it shall learn of its end within seconds. */
const signOfLife = (nodeId: string): Resource => ({ name: `probe/${nodeId}`, address: null, port: null });
