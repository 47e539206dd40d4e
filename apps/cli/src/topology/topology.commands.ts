import type { Command } from 'commander';
import { segment } from '../arguments.js';
import { linkText, type LinkView } from '../clusters/cluster-link.view.js';
import { clientColumns, type ClientView } from '../clients/client.view.js';
import { clusterColumns, type ClusterView } from '../clusters/cluster.view.js';
import { publicationColumns, type PublicationView } from '../clusters/publication.commands.js';
import { type Context, contextOf } from '../context.js';
import { gatewayColumns, type GatewayView } from '../gateways/gateway.view.js';
import { type FactView, factText, Names, namesIn } from '../log/fact-text.js';
import { type Column, renderData, renderList, table } from '../output/render.js';
import { nodeChangesText, type NodeChangeView } from './node-changes.js';

interface TopologyView {
  network: { name: string; cidr: string | null; cidr6: string | null };
  version: number;
  nodes: { name: string; addresses: string[]; enabled: boolean; peers: { name: string; endpoint: string | null }[] }[];
  clusters: ClusterView[];
  links: LinkView[];
  gateways: GatewayView[];
  clients: ClientView[];
  publications: PublicationView[];
}

interface DiffView {
  from: number;
  to: number;
  facts: FactView[];
  nodes: NodeChangeView[];
}

export function topologyCommands(program: Command): void {
  program
    .command('topology')
    .argument('<network>')
    .description('nodes, gateways and clusters, and who peers with whom, now or at another time')
    .option('--at <time|version>', 'ISO 8601 time, or a version of the log')
    .action(async (network: string, options: { at?: string }, command: Command) => {
      const context = contextOf(command);
      const at = options.at === undefined ? '' : `?at=${encodeURIComponent(options.at)}`;
      show(context, await context.api.get<TopologyView>(`/networks/${segment(network)}/topology${at}`), topologyText);
    });

  program
    .command('diff')
    .argument('<network>')
    .argument('<from>', 'time or version')
    .argument('<to>', 'time or version')
    .description('what changed between two times: facts, and what each node was told')
    .action(async function (this: Command, network: string, from: string, to: string) {
      const context = contextOf(this);
      const query = new URLSearchParams({ from, to });
      const diff = await context.api.get<DiffView>(`/networks/${segment(network)}/diff?${query}`);
      const names = context.format === 'table' ? await namesIn(context, network) : new Names();
      diff.facts.forEach((fact) => names.learn(fact));
      show(context, diff, (value) => diffText(value, names));
    });
}

function show<T>({ format, print }: Context, value: T, text: (value: T) => string): void {
  print(format === 'table' ? text(value) : renderData(format, value));
}

function topologyText({ network, version, nodes, ...rest }: TopologyView): string {
  const ranges = [network.cidr, network.cidr6].filter(Boolean).join(', ');
  const rows = nodes.map(({ name, addresses, enabled, peers }) => [
    name,
    addresses.join(' '),
    enabled ? 'enabled' : 'disabled',
    peers.map((peer) => peer.name).join(' ') || '-',
  ]);
  const head = `${network.name} (${ranges}) at version ${version}`;
  return [
    rows.length > 0 ? `${head}\n${table(['node', 'addresses', 'state', 'peers'], rows)}` : `${head}: no nodes`,
    ...section('gateway', rest.gateways, gatewayColumns),
    ...section('cluster', rest.clusters, clusterColumns),
    ...(rest.links.length > 0 ? [rest.links.map(linkText).join('\n')] : []),
    ...section('publications of', rest.publications, publicationColumns),
    ...section('client', rest.clients, clientColumns),
  ].join('\n\n');
}

/** A list whose first column says what it is a list of; nothing of an empty one. */
function section<Row>(heading: string, rows: Row[], [first, ...others]: Column<Row>[]): string[] {
  return rows.length > 0 && first ? [renderList('table', rows, [[heading, first[1]], ...others])] : [];
}

function diffText({ from, to, facts, nodes }: DiffView, names: Names): string {
  if (facts.length === 0) return `nothing changed between versions ${from} and ${to}`;
  const lines = facts.map((fact) => {
    const { version, type, metadata } = fact;
    return `  ${version}  ${metadata.at}  ${type}  by ${metadata.actor}  ${factText(fact, names)}`.trimEnd();
  });
  return [
    `facts after version ${from} up to ${to}:`,
    ...lines,
    'what nodes were told:',
    ...nodeChangesText(nodes),
  ].join('\n');
}
