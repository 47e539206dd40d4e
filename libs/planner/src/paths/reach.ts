import { readAddress } from '#ipam/address.js';
import { formatEndpoint, parseEndpoint } from '#ipam/endpoint-text.js';
import { contains } from '#ipam/prefix.js';
import type { NodeState } from '#topology/network-state.js';
import type { LiveState } from '../members.js';
import { meshRangesOf } from '../mesh-ranges.js';
import { profileOf } from '../node-profile.js';

/**
 * Whether anybody can call a node: what relay-planner decided counts; where it decided nothing, what the node offers.
 */
export function isCallable(state: LiveState, node: NodeState): boolean {
  const decided = state.reachability.get(node.nodeId);
  if (!decided || decided.nat === 'unknown') return offersPublic(state, node);
  if (decided.nat === 'public') return offersPublic(state, node) || decided.endpoints.length > 0;
  return decided.nat === 'endpoint-independent' && decided.filtering === 'open' && decided.endpoints.length > 0;
}

export const offersPublic = (state: LiveState, node: NodeState): boolean => profileOf(state, node).reachable;

export const offersLan = (node: NodeState): boolean => node.endpoints.some(({ kind }) => kind === 'lan');

/** Where anybody can call a node: what it offers, and where others see it. None inside the mesh (rule 13). */
export function calledAt(state: LiveState, { nodeId, endpoints }: NodeState): string[] {
  const offered = endpoints.filter(({ kind }) => kind === 'public');
  const decided = state.reachability.get(nodeId)?.endpoints ?? [];
  return [...new Set([...offered.map(({ address, port }) => formatEndpoint(address, port)), ...decided])].filter(
    (endpoint) => !isInMesh(state, endpoint),
  );
}

export function isInMesh({ network }: LiveState, endpoint: string): boolean {
  const address = readAddress(parseEndpoint(endpoint).address);
  return !address || meshRangesOf(network).some((range) => contains(range, address));
}

/** A relay that is there and that everybody can call. */
export function isUsableRelay(state: LiveState, nodeId: string): boolean {
  const node = state.relays.has(nodeId) ? state.nodes.get(nodeId) : undefined;
  return node !== undefined && node.enabled && isCallable(state, node);
}

/** Others need a relay to get to this node, and it can talk to one. A node that is callable needs none. */
export function needsRelay(state: LiveState, node: NodeState): boolean {
  return node.enabled && !isCallable(state, node) && state.reachability.get(node.nodeId)?.nat !== 'blocked';
}

/** Pairs are written with the lower id first. */
export const inOrder = (a: string, b: string): [string, string] => (a < b ? [a, b] : [b, a]);
