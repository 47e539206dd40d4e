import type { Command } from 'commander';
import { formatEndpoint } from '#ipam/endpoint-text.js';
import { label, networkAndName, pathOf, segment, type Socket, socket, type Target, textOf } from '../arguments.js';
import { contextOf } from '../context.js';
import { type Column, labelsText, renderList, renderOne } from '../output/render.js';
import { rotateKeyCommand } from './rotate-key.command.js';

export interface NodeView {
  nodeId: string;
  name: string;
  publicKey: string;
  addresses: string[];
  endpoints: { address: string; port: number; kind: string }[];
  labels: Record<string, string>;
  site: string | null;
  enabled: boolean;
  ephemeralTtl: number | null;
  enrolledAt: string;
  version: number;
}

const columns: Column<NodeView>[] = [
  ['name', (node) => node.name],
  ['addresses', (node) => node.addresses.join(' ')],
  ['state', (node) => (node.enabled ? 'enabled' : 'disabled')],
  ['site', (node) => node.site],
  ['endpoints', (node) => node.endpoints.map(endpointText).join(' ')],
  ['labels', (node) => labelsText(node.labels)],
];
const details: Column<NodeView>[] = [
  ...columns,
  ['public key', (node) => node.publicKey],
  ['ephemeral', (node) => (node.ephemeralTtl === null ? null : `${node.ephemeralTtl} s`)],
  ['enrolled', (node) => node.enrolledAt],
  ['id', (node) => node.nodeId],
  ['version', (node) => node.version],
];

interface NodeOptions {
  name?: string;
  label?: Record<string, string>;
  site?: string;
  endpoint?: Socket[];
  lanEndpoint?: Socket[];
}

export function nodeCommands(program: Command): void {
  const node = program.command('node').description('nodes: the members of a network');

  node
    .command('list')
    .argument('<network>')
    .description('list nodes')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<NodeView>(`/networks/${segment(network)}/nodes`), columns));
    });

  node
    .command('show')
    .argument('<network/node>', 'for instance office/web-1', networkAndName)
    .description('show one node')
    .action(async (target: Target, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.get<NodeView>(pathOf('nodes', target)), details));
    });

  node
    .command('set')
    .argument('<network/node>', 'for instance office/web-1', networkAndName)
    .description('change a node; labels and endpoints given replace all there are')
    .option('--name <name>', 'new name')
    .option('--label <key=value>', 'label (repeatable)', label)
    .option('--site <site>', "site, or '' for none")
    .option('--endpoint <address:port>', 'where anybody can call it (repeatable)', sockets)
    .option('--lan-endpoint <address:port>', 'where its site can call it (repeatable)', sockets)
    .action(async (target: Target, options: NodeOptions, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.patch<NodeView>(pathOf('nodes', target), changesOf(options)), details));
    });

  for (const [action, description] of [
    ['disable', 'take a node out of the mesh; it stays enrolled'],
    ['enable', 'put a disabled node back'],
  ] as const) {
    node
      .command(action)
      .argument('<network/node>', 'for instance office/web-1', networkAndName)
      .description(description)
      .action(async (target: Target, _options, command: Command) => {
        const { api, print } = contextOf(command);
        await api.post(`${pathOf('nodes', target)}/${action}`);
        print(`node ${textOf(target)} ${action}d`);
      });
  }

  rotateKeyCommand(node);

  node
    .command('delete')
    .argument('<network/node>', 'for instance office/web-1', networkAndName)
    .description('remove a node: its peers forget it, its credentials end at once')
    .action(async (target: Target, _options, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Remove node ${textOf(target)}?`);
      await api.delete(pathOf('nodes', target));
      print(`node ${textOf(target)} removed`);
    });
}

const sockets = (value: string, before: Socket[] = []) => [...before, socket(value)];

function changesOf({ name, label: labels, site, endpoint, lanEndpoint }: NodeOptions): Record<string, unknown> {
  const endpoints = [
    ...(endpoint ?? []).map((one) => ({ ...one, kind: 'public' })),
    ...(lanEndpoint ?? []).map((one) => ({ ...one, kind: 'lan' })),
  ];
  return {
    ...(name !== undefined && { name }),
    ...(labels && { labels }),
    ...(site !== undefined && { site: site === '' ? null : site }),
    ...(endpoints.length > 0 && { endpoints }),
  };
}

const endpointText = ({ address, port, kind }: NodeView['endpoints'][number]) =>
  `${formatEndpoint(address, port)} (${kind})`;
