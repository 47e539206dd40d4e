import type { NatResource, Resource } from '#contracts/node-stream.js';
import type { NetworkChange } from '#planner/plan.js';

/** Names for what people would otherwise have to read as ids and keys. */
export interface Legend {
  nodes: Map<string, string>;
  /** Public key → `key 3` */
  keys: Map<string, string>;
}

/** One change as lines: who is new, who is gone, and what is sent to whom. */
export function describeChange({ added, removedNodes, groups }: NetworkChange, legend: Legend): string[] {
  const names = (ids: string[]) => ids.map((id) => legend.nodes.get(id) ?? id).join(' ');
  const lines = [
    ...(added.length ? [`new: ${names(added)}`] : []),
    ...(removedNodes.length ? [`gone: ${names(removedNodes)}`] : []),
    ...[...groups].flatMap(({ nodeIds, upserts, removed }) => [
      `to ${names(nodeIds)}:`,
      ...removed.map((name) => `  - ${describeName(name, legend)}`),
      ...upserts.map((resource) => `  + ${describeResource(resource, legend)}`),
    ]),
  ];
  return lines.length ? lines : ['nothing changes'];
}

export function describeResource(resource: Resource, legend: Legend): string {
  const name = describeName(resource.name, legend);
  if ('mtu' in resource) {
    const keepalive = resource.keepalive === null ? '' : `  keepalive ${resource.keepalive}`;
    return `${name}  ${resource.node}@${resource.network}  ${resource.addresses.join(' ')}  mtu ${resource.mtu}${keepalive}${'forward' in resource ? '  forwards' : ''}`;
  }
  if (!('endpoint' in resource)) return [name, ...detailsOf(resource)].join('  ');
  const endpoint = resource.endpoint === null ? 'calls us' : `at ${resource.endpoint}`;
  const label = resource.node === name.slice('peer '.length) ? '' : `  now ${resource.node}`;
  return `${name}${label}  ${legend.keys.get(resource.publicKey)}  ${resource.allowedIps.join(' ')}  ${endpoint}`;
}

function detailsOf(resource: Resource): string[] {
  if ('verdict' in resource) {
    const { verdict, sources, destinations, service, local } = resource;
    const port = service ? ` ${service.protocol} ${service.port}` : '';
    return [`${verdict} ${shortened(sources)} > ${shortened(destinations)}${port}${local ? ', this node too' : ''}`];
  }
  if ('outside' in resource) return [resource.sources ? `for ${resource.sources.join(' ')}` : 'for all'];
  if ('kind' in resource) return [translation(resource)];
  if ('port' in resource) return [resource.address ?? 'sign of life only'];
  return [];
}

function translation(nat: NatResource): string {
  switch (nat.kind) {
    case 'masquerade':
      return `masquerade ${shortened(nat.sources)} > ${shortened(nat.destinations)}`;
    case 'prefix':
      return `${nat.real} is ${nat.virtual} in the mesh`;
    case 'publish':
      return `${nat.protocol} ${nat.mesh.address} ${nat.mesh.port} is ${nat.service.address} ${nat.service.port}`;
  }
}

/** What is left of everything without some ranges is a long list. */
const shortened = (prefixes: readonly string[]) =>
  prefixes.length > 8 ? `(${prefixes.length} prefixes)` : prefixes.join(' ');

/** `peer/<id>` → `peer ada`; also `route 10.90.0.0/16`, `filter west east in` and `interface`. */
function describeName(name: string, legend: Legend): string {
  const [kind = '', ...rest] = name.split('/');
  const told = kind === 'route' ? [rest.join('/')] : rest.map((part) => legend.nodes.get(part) ?? part);
  return kind === 'nat' && rest.length === 3 ? `nat ${told[0]} ${rest[1]}/${rest[2]}` : [kind, ...told].join(' ');
}
