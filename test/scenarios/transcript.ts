import type { Resource } from '#contracts/node-stream.js';
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
    return `${name}  ${resource.node}@${resource.network}  ${resource.addresses.join(' ')}  mtu ${resource.mtu}${keepalive}`;
  }
  if (!('endpoint' in resource)) return name;
  const endpoint = resource.endpoint === null ? 'calls us' : `at ${resource.endpoint}`;
  const label = resource.node === name.slice('peer '.length) ? '' : `  now ${resource.node}`;
  return `${name}${label}  ${legend.keys.get(resource.publicKey)}  ${resource.allowedIps.join(' ')}  ${endpoint}`;
}

/** `peer/<id>` → `peer ada`; also `route 10.90.0.0/16` and `interface`. */
function describeName(name: string, legend: Legend): string {
  const [kind = '', ...rest] = name.split('/');
  const what = rest.join('/');
  return kind === 'peer' ? `peer ${legend.nodes.get(what) ?? what}` : what ? `${kind} ${what}` : kind;
}
