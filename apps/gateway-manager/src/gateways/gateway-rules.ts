import { Refusal, type FieldError } from '#contracts/errors.js';
import type { GatewayRecord } from '#contracts/gateway-facts.js';
import { readAddress } from '#ipam/address.js';
import { contains, formatPrefix, parsePrefix } from '#ipam/prefix.js';
import { refuseInvalid, wholeNumberErrors } from '#topology/fields.js';
import { refuseIndistinct } from '#topology/indistinct.js';
import { clientOf, clusterOf, nodeOf } from '#topology/lookup.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';
import { crossingOwners, overlapRefusal, refuseOverlaps } from '#topology/overlaps.js';
import type { OwnedRange } from '#topology/ranges.js';
import { refuseEndpointInside, refuseInMesh } from '#topology/served-ranges.js';

/** The fields of one kind only, each where it belongs. */
export function fieldErrors(record: GatewayRecord): FieldError[] {
  const { kind, ranges, members, clusterId, users, probe } = record;
  const error = (wrong: boolean, field: string, message: string) => (wrong ? [{ field, message }] : []);
  const hasUsers = users.nodes.length + users.clients.length > 0;
  return [
    ...error(members.length === 0, 'members', 'must name at least one node'),
    ...error(new Set(members).size < members.length, 'members', 'must name each node once'),
    ...error(kind === 'egress' && ranges.length === 0, 'ranges', 'must name at least one range'),
    ...error(kind !== 'egress' && ranges.length > 0, 'ranges', 'belong to gateways of kind egress only'),
    ...error(kind === 'cluster' && clusterId === null, 'clusterId', 'must name the cluster whose door it is'),
    ...error(kind !== 'cluster' && clusterId !== null, 'clusterId', 'belongs to gateways of kind cluster only'),
    ...error(kind !== 'internet' && hasUsers, 'users', 'belong to gateways of kind internet only'),
    ...error(kind === 'ingress' && probe !== null, 'probe', 'has no range to try behind a gateway of kind ingress'),
    ...(probe ? wholeNumberErrors('probe.port', probe.port ?? undefined, [1, 65535]) : []),
  ];
}

/**
 * What must hold for a gateway in its network.
 * @throws Refusal `gateway_member_unknown`, `node_disabled`, `not_found`, `range_in_mesh`, `endpoint_in_range`,
 *   `cidr_overlap`, `already_member`, `internet_loop`, `invalid` for a probe outside its ranges
 * @param before members it has already: that one of them is disabled or gone must not stand in the way of other changes
 */
export function refuseBadGateway(state: NetworkState, gateway: GatewayRecord, before: readonly string[] = []): void {
  const added = gateway.members.filter((nodeId) => !before.includes(nodeId));
  refuseBadMembers(state, added);
  if (gateway.kind === 'egress') refuseBadEgress(state, gateway);
  if (gateway.kind === 'cluster') refuseBadDoor(state, gateway, added);
  if (gateway.kind === 'internet') refuseBadInternet(state, gateway);
  refuseBadProbe(state, gateway);
}

function refuseBadMembers({ nodes, network }: NetworkState, members: readonly string[]): void {
  for (const nodeId of members) {
    const node = nodes.get(nodeId);
    if (!node)
      throw new Refusal(
        'gateway_member_unknown',
        `network "${network?.name}" has no node with id ${nodeId}; name members that are enrolled`,
      );
    if (!node.enabled)
      throw new Refusal('node_disabled', `node "${node.name}" is disabled and can serve nobody; enable it first`);
  }
}

function refuseBadEgress(state: NetworkState, gateway: GatewayRecord): void {
  const { gatewayId, name, ranges, members } = gateway;
  const mine = ranges.map((text): OwnedRange => ({ owner: `gateway "${name}"`, range: parsePrefix(text) }));
  refuseInMesh(state, mine);
  refuseEndpointInside(
    state,
    mine.map(({ range }) => range),
    members,
  );
  const others = crossingOwners(state).filter(({ kind, id }) => kind !== 'mesh' && id !== gatewayId);
  // Of gateways the longest prefix wins, so only equal ones are in each other's way.
  for (const one of mine) {
    const same = others.find(({ kind, range }) => kind === 'egress' && formatPrefix(range) === formatPrefix(one.range));
    if (same) throw overlapRefusal(one, same, 'one range has one gateway: make the node a member of that one');
  }
  const rest = others.filter(({ kind }) => kind !== 'egress');
  refuseOverlaps(mine, rest, 'leave that part out, or unlink the cluster and link it again afterwards');
}

function refuseBadDoor(
  state: NetworkState,
  { gatewayId, clusterId, members }: GatewayRecord,
  added: readonly string[],
): void {
  const cluster = clusterOf(state, clusterId!);
  const other = state.gateways.find((one) => one.clusterId === clusterId && one.gatewayId !== gatewayId);
  if (other)
    throw new Refusal(
      'already_member',
      `cluster "${cluster.name}" has gateway "${other.name}"; a cluster has one door: add members to that`,
    );
  if (added.length > 0) refuseIndistinct(state, cluster, members);
  refuseEndpointInside(state, [...cluster.pods, ...cluster.services].map(parsePrefix), members);
}

function refuseBadInternet(state: NetworkState, { gatewayId, name, members, users }: GatewayRecord): void {
  for (const clientId of users.clients) clientOf(state, clientId);
  const loop = (who: string, why: string) => new Refusal('internet_loop', `${who} ${why}; take it out of one of them`);
  const others = [...state.gateways.values()].filter((one) => one.kind === 'internet' && one.gatewayId !== gatewayId);
  const nodeName = (nodeId: string) => `node "${state.nodes.get(nodeId)?.name ?? nodeId}"`;
  for (const nodeId of users.nodes) {
    nodeOf(state, nodeId);
    const serving = members.includes(nodeId) ? { name } : others.find((one) => one.members.includes(nodeId));
    if (serving) throw loop(nodeName(nodeId), `serves internet gateway "${serving.name}" and cannot use "${name}"`);
  }
  for (const nodeId of members) {
    const used = others.find((one) => one.users.nodes.includes(nodeId));
    if (used) throw loop(nodeName(nodeId), `uses internet gateway "${used.name}" and cannot serve "${name}"`);
  }
  for (const other of others) {
    const node = users.nodes.find((id) => other.users.nodes.includes(id));
    const client = users.clients.find((id) => other.users.clients.includes(id));
    const who = node === undefined ? client && `client "${clientOf(state, client).name}"` : nodeName(node);
    if (who) throw loop(who, `uses internet gateway "${other.name}" already`);
  }
}

function refuseBadProbe(state: NetworkState, { kind, probe, ranges, clusterId, name }: GatewayRecord): void {
  if (!probe) return;
  const address = readAddress(probe.address);
  if (!address) return refuseInvalid([{ field: 'probe.address', message: 'must be a literal address' }]);
  const cluster = kind === 'cluster' ? state.clusters.get(clusterId!) : undefined;
  const inside = cluster ? [...cluster.pods, ...cluster.services] : ranges;
  if (kind !== 'internet' && !inside.some((range) => contains(parsePrefix(range), address)))
    refuseInvalid([
      { field: 'probe.address', message: `${probe.address} is in no range of gateway "${name}"; name one behind it` },
    ]);
}

/** @throws Refusal `name_taken` that names the other gateway */
export function refuseGatewayNameTaken({ gateways }: NetworkState, name: string): void {
  const other: GatewayState | undefined = gateways.find((gateway) => gateway.name === name);
  if (other)
    throw new Refusal('name_taken', `the name "${name}" is taken by gateway ${other.gatewayId}; choose another`);
}
