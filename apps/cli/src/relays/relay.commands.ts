import type { Command } from 'commander';
import { networkAndName, pathOf, segment, type Target, textOf, wholeNumber } from '../arguments.js';
import { contextOf } from '../context.js';
import type { NodeReference } from '../gateways/gateway.view.js';
import { type Column, renderList, renderOne } from '../output/render.js';

interface RelayView {
  node: NodeReference;
  capacity: number;
  nodes: NodeReference[];
  createdAt: string;
  version: number;
}

interface AssignmentView {
  node: NodeReference;
  relay: NodeReference | null;
  pinned: NodeReference | null;
}

const names = (nodes: readonly NodeReference[]) => nodes.map(({ name }) => name).join(', ');

const relayColumns: Column<RelayView>[] = [
  ['relay', ({ node }) => node.name],
  ['used', ({ nodes, capacity }) => `${nodes.length} of ${capacity}`],
  ['nodes behind it', ({ nodes }) => names(nodes)],
];

const assignmentColumns: Column<AssignmentView>[] = [
  ['node', ({ node }) => node.name],
  ['relay', ({ relay }) => relay?.name ?? 'none'],
  ['wished', ({ pinned }) => pinned?.name ?? 'any'],
];

const NODE = ['<network/node>', 'for instance office/relay-1', networkAndName] as const;

export function relayCommands(program: Command): void {
  const relay = program.command('relay').description('relays: nodes that forward for those that nobody can call');

  relay
    .command('set')
    .argument(...NODE)
    .description('make a node a relay, or change its capacity')
    .option('--capacity <nodes>', 'nodes that may be behind it (default 1000)', wholeNumber)
    .action(async (target: Target, options: { capacity?: number }, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.put<RelayView>(pathOf('relays', target), options), relayColumns));
    });

  relay
    .command('unset')
    .argument(...NODE)
    .description('let a node relay no longer; what is behind it goes to other relays')
    .action(async (target: Target, _options, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Let ${textOf(target)} relay no longer?`);
      await api.delete(pathOf('relays', target));
      print(`${textOf(target)} is no relay any more`);
    });

  relay
    .command('list')
    .argument('<network>')
    .description('list relays and what is behind them')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<RelayView>(`/networks/${segment(network)}/relays`), relayColumns));
    });

  relay
    .command('assign')
    .argument(...NODE)
    .description('choose the relay through which a node is reached')
    .option('--for <node>', 'the node that the named relay shall serve')
    .option('--auto', 'have the relay of the named node chosen by latency and load')
    .action(async (target: Target, options: { for?: string; auto?: boolean }, command: Command) => {
      const { api, format, print } = contextOf(command);
      if ((options.for === undefined) === !options.auto)
        command.error('give either --for NODE with a relay, or --auto with the node that uses it', { exitCode: 2 });
      const node = options.for ?? target.name;
      const path = `${pathOf('relays', { network: target.network, name: node })}/assignment`;
      const assigned = await api.put<AssignmentView>(path, { relay: options.auto ? null : target.name });
      print(renderOne(format, assigned, assignmentColumns));
    });
}
