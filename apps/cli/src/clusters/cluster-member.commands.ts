import type { Command } from 'commander';
import { each, networkAndName, pathOf, rangesOf, segment, type Target, textOf } from '../arguments.js';
import { contextOf } from '../context.js';
import { renderOne } from '../output/render.js';
import { clusterDetails, type ClusterView } from './cluster.view.js';

export function clusterMemberCommands(cluster: Command): void {
  const member = cluster.command('member').description('nodes of a cluster and the ranges of their own pods');

  member
    .command('set')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .argument('<node>')
    .description('make a node a member; the pod ranges given replace those there are')
    .option('--pods <range>', "range of the node's own pods (repeatable), or none", each)
    .action(async (target: Target, node: string, { pods }: { pods?: string[] }, command: Command) => {
      const { api, format, print } = contextOf(command);
      const path = `${pathOf('clusters', target)}/members/${segment(node)}`;
      print(renderOne(format, await api.put<ClusterView>(path, pods ? { pods: rangesOf(pods) } : {}), clusterDetails));
    });

  member
    .command('unset')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .argument('<node>')
    .description('take a node out of a cluster; it stays in the network')
    .action(async (target: Target, node: string, _options: object, command: Command) => {
      const { api, print } = contextOf(command);
      await api.delete(`${pathOf('clusters', target)}/members/${segment(node)}`);
      print(`${node} is no member of cluster ${textOf(target)}`);
    });
}
