import { type Command, Option } from 'commander';
import { each, networkAndName, pathOf, rangesOf, segment, type Target, textOf } from '../arguments.js';
import { contextOf } from '../context.js';
import { renderData, renderList, renderOne } from '../output/render.js';
import { clusterLinkCommands } from './cluster-link.commands.js';
import { clusterMemberCommands } from './cluster-member.commands.js';
import { clusterColumns, clusterDetails, type ClusterView } from './cluster.view.js';
import { publicationCommands } from './publication.commands.js';

interface ClusterOptions {
  name?: string;
  pods?: string[];
  services?: string[];
  model?: string;
  node?: string[];
}

interface TranslationView {
  real: string;
  crossing: string;
  translated: boolean;
}

const MODELS = ['flat', 'isolated', 'island', 'archipelago'];
const model = () =>
  new Option('--model <model>', "how its pods relate to the rest (default: the network's)").choices(MODELS);

export function clusterCommands(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('clusters: pod and service ranges, and what may cross to them');

  cluster
    .command('create')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .description('declare a cluster')
    .option('--pods <range>', 'pod range (repeatable)', each)
    .option('--services <range>', 'service range (repeatable)', each)
    .addOption(model())
    .option('--node <node>', 'member node (repeatable); `cluster member set` also tells its pod ranges', each)
    .action(async ({ network, name }: Target, { node, ...options }: ClusterOptions, command: Command) => {
      const { api, format, print } = contextOf(command);
      const members = node && { members: node.map((member) => ({ node: member })) };
      const created = await api.post<ClusterView>(`/networks/${segment(network)}/clusters`, {
        name,
        ...options,
        ...members,
      });
      print(renderOne(format, created, clusterDetails));
    });

  cluster
    .command('list')
    .argument('<network>')
    .description('list clusters')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<ClusterView>(`/networks/${segment(network)}/clusters`), clusterColumns));
    });

  cluster
    .command('show')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .description('show one cluster, its members and its virtual ranges')
    .action(async (target: Target, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.get<ClusterView>(pathOf('clusters', target)), clusterDetails));
    });

  cluster
    .command('set')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .description('change a cluster; ranges given replace all of their kind')
    .option('--name <name>', 'new name')
    .option('--pods <range>', 'pod range (repeatable), or none', each)
    .option('--services <range>', 'service range (repeatable), or none', each)
    .addOption(model())
    .action(async (target: Target, { pods, services, ...rest }: ClusterOptions, command: Command) => {
      const { api, format, print } = contextOf(command);
      const change = {
        ...rest,
        ...(pods && { pods: rangesOf(pods) }),
        ...(services && { services: rangesOf(services) }),
      };
      print(renderOne(format, await api.patch<ClusterView>(pathOf('clusters', target), change), clusterDetails));
    });

  cluster
    .command('translate')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .argument('<address>', 'of a pod or service, as the cluster or as the others know it')
    .description('tell the address that stands for another across a link')
    .action(async (target: Target, address: string, _options: object, command: Command) => {
      const { api, format, print } = contextOf(command);
      const found = await api.get<TranslationView>(
        `${pathOf('clusters', target)}/translate?address=${encodeURIComponent(address)}`,
      );
      print(format === 'table' ? translationText(found) : renderData(format, found));
    });

  cluster
    .command('delete')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .description('forget a cluster that has no link, no gateway and no publication')
    .action(async (target: Target, _options, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Delete cluster ${textOf(target)}?`);
      await api.delete(pathOf('clusters', target));
      print(`cluster ${textOf(target)} deleted`);
    });

  clusterMemberCommands(cluster);
  clusterLinkCommands(cluster);
  publicationCommands(cluster);
}

const translationText = ({ real, crossing, translated }: TranslationView) =>
  translated
    ? `${real} in the cluster is ${crossing} for everybody else`
    : `${real} is known by that address everywhere`;
