import type { Resource } from '#contracts/node-stream.js';
import type { NodeState } from '#topology/network-state.js';
import { carriedBy } from '../carried.js';
import type { LiveState } from '../members.js';
import { accept } from '../gateways/contribution.js';
import { landscapeOf } from '../gateways/landscape.js';

/**
 * What a relay has besides: that it tells of itself twice a second, and what it lets pass (rules 4 and 15): from and to whatever the mesh has an address for, behind gateways included. As
 * long as policy treats everybody alike, what is permitted to some is permitted to all.
 */
export function relayResources(state: LiveState, { nodeId }: NodeState): Resource[] {
  if (!state.relays.has(nodeId)) return [];
  const { mesh } = landscapeOf(state);
  const carried = landscapeOf(state).isPlain ? [] : [...carriedBy(state).values()].flatMap((prefixes) => [...prefixes]);
  const ranges = [...mesh, ...carried].filter((prefix) => !prefix.endsWith('/0'));
  return [...accept('relay', { sources: ranges, destinations: ranges }), signOfLife(nodeId)];
}

/** Whoever is behind it shall learn of its end within seconds. */
const signOfLife = (nodeId: string): Resource => ({ name: `probe/${nodeId}`, address: null, port: null });
