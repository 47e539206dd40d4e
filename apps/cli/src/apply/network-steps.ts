import { CommandFailed, EXIT } from '../exit-codes.js';
import type { Current } from './current.js';
import type { Desired, DesiredNode } from './desired.js';
import { changesOf, detail, pick, type Step } from './step.js';

/** Ranges and model are for good. */
const FIXED = ['cidr', 'cidr6', 'model'];

export function networkSteps({ network: { name, ...wanted } }: Desired, { network }: Current, path: string): Step[] {
  const texts = Object.fromEntries(Object.entries(wanted).map(([field, value]) => [field, String(value ?? 'none')]));
  if (!network) {
    const details = Object.entries(texts).map(([field, value]) => `${field}: ${value}`);
    const request = { method: 'POST', path: '/networks', body: { name, ...wanted } } as const;
    return [{ does: 'create', what: `network ${name}`, details, request, command: null }];
  }
  const now = Object.entries(network).map(([field, value]) => [field, String(value ?? 'none')]);
  const changes = changesOf(texts, Object.fromEntries(now) as Record<string, string>);
  const fixed = changes.find(({ field }) => FIXED.includes(field));
  if (fixed) throw new CommandFailed(EXIT.refused, `network ${name}: ${detail(fixed)} cannot be changed`);
  if (changes.length === 0) return [];
  const body = pick(wanted, changes);
  return [
    {
      does: 'change',
      what: `network ${name}`,
      details: changes.map(detail),
      request: { method: 'PATCH', path, body },
      command: { command: 'network.set', ...body },
    },
  ];
}

/** Nodes come by joining, so a file only says how those that are there shall be. */
export function nodeSteps({ nodes: wanted }: Desired, { nodes, network }: Current, path: string): Step[] {
  return [...(wanted ?? [])].flatMap(([name, node]) => {
    const now = nodes.find((one) => one.name === name || one.nodeId === name);
    if (!now)
      throw new CommandFailed(
        EXIT.notFound,
        `nodes.${name}: ${network?.name ?? 'the network'} has no such node; it joins with a key: tombolo key create`,
      );
    return [...settingSteps(node, now, path), ...enabledSteps(node, now, path)];
  });
}

type Node = Current['nodes'][number];

function settingSteps({ labels, site }: DesiredNode, now: Node, path: string): Step[] {
  const changes = changesOf(
    { labels: labels && labelsText(labels), site: site === null ? '' : site },
    { labels: labelsText(now.labels), site: now.site ?? '' },
  );
  if (changes.length === 0) return [];
  const body = pick({ labels, site }, changes);
  const { name } = now;
  return [
    {
      does: 'change',
      what: `node ${name}`,
      details: changes.map(detail),
      request: { method: 'PATCH', path: `${path}/nodes/${now.nodeId}`, body },
      command: { command: 'node.set', node: name, ...body },
    },
  ];
}

function enabledSteps({ enabled }: DesiredNode, { name, nodeId, enabled: now }: Node, path: string): Step[] {
  if (enabled === undefined || enabled === now) return [];
  const action = enabled ? 'enable' : 'disable';
  const request = { method: 'POST', path: `${path}/nodes/${nodeId}/${action}` } as const;
  const details = [detail({ field: 'enabled', from: String(now), to: String(enabled) })];
  return [
    { does: 'change', what: `node ${name}`, details, request, command: { command: `node.${action}`, node: name } },
  ];
}

const labelsText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ');
