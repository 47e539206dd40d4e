import type { Command } from 'commander';
import { each, segment } from '../arguments.js';
import { contextOf } from '../context.js';
import { latencyText } from '../latency/latency-text.js';
import { listPairs, pairsOf, type WhichPairs } from '../latency/pair-latency.js';
import type { NetworkView } from '../networks/network.commands.js';
import { type Column, renderData, table } from '../output/render.js';
import { type PairPath, pathsText } from '../paths/path-text.js';
import { gatewaysText, type GatewayStatusView } from './gateway-status.js';

export interface NodeStatusView {
  name: string;
  nodeId: string;
  enabled: boolean;
  /** null: not heard since the server started. */
  lastSeen: string | null;
  planned: { digest: string };
  held: { epoch: number; revision: number; digest: string } | null;
  inSync: boolean;
  rejected: { revision: number; errors: { resource: string; message: string }[] } | null;
  /** null: there is no lock. */
  signed: boolean | null;
  refused: { resource: string; message: string }[];
  agent: { version: string; backend: string; peers: number; repairs: number } | null;
}

interface NetworkStatusView {
  network: string;
  version: number;
  nodes: NodeStatusView[];
  gateways: GatewayStatusView[];
  /** false: the gateway-manager did not tell how they are. */
  gatewaysKnown: boolean;
  paths: { items: PairPath[]; nextCursor: string | null };
  /** false: the relay-planner did not tell how they are. */
  pathsKnown: boolean;
}

/** Among more nodes the paths are asked for by themselves: the pairs of so many fill a screen. */
const FEW_PAIRS = 28;

interface StatusOptions {
  latency?: true;
  paths?: true;
  node?: string[];
}

const columns: Column<NodeStatusView>[] = [
  ['node', (node) => node.name],
  ['state', stateOf],
  ['revision', (node) => node.held?.revision],
  ['peers', (node) => node.agent?.peers],
  ['backend', (node) => node.agent?.backend],
  ['repairs', (node) => node.agent?.repairs],
  ['last heard', (node) => node.lastSeen],
];

export function statusCommands(program: Command): void {
  program
    .command('status')
    .argument('[network]', 'default: all networks')
    .description('which nodes hold what they shall hold, how gateways are, and how nodes reach each other')
    .option('--latency', 'instead: round-trip times between the nodes of a network')
    .option('--paths', 'instead: how the nodes of a network reach each other, and why so')
    .option(
      '--node <node>',
      'with --latency or --paths: only between these; one with --paths: its own (repeatable)',
      each,
    )
    .action(async (network: string | undefined, options: StatusOptions, command: Command) => {
      const { api, format, print } = contextOf(command);
      if (options.latency || options.paths) {
        if (network === undefined) return command.error('name the network', { exitCode: 2 });
        if (options.latency && options.paths) return command.error('--latency or --paths, not both', { exitCode: 2 });
        if (options.paths) {
          const pairs = await listPairs<PairPath>(api, { network, list: 'paths', which: whichOf(options.node) });
          return print(format === 'table' ? pathsText(pairs, new Date()) : renderData(format, pairs));
        }
        const pairs = await pairsOf(api, network, { among: options.node });
        return print(format === 'table' ? latencyText(pairs) : renderData(format, pairs));
      }
      const names = network ? [network] : (await api.list<NetworkView>('/networks')).map(({ name }) => name);
      const all = await Promise.all(
        names.map((name) => api.get<NetworkStatusView>(`/networks/${segment(name)}/status`)),
      );
      if (format !== 'table') return print(renderData(format, network ? all[0] : all));
      print(all.length > 0 ? all.map(statusText).join('\n\n') : 'no network yet: tombolo network create NAME');
    });
}

/** Of one node all its pairs, of several those among them. */
const whichOf = (nodes: string[] | undefined): WhichPairs =>
  nodes?.length === 1 ? { node: nodes[0] } : { among: nodes };

function statusText(status: NetworkStatusView): string {
  const { gateways, gatewaysKnown } = status;
  const unknown = gatewaysKnown ? [] : ['how gateways are is not known now: the gateway-manager does not answer'];
  return [
    nodesText(status),
    ...(gateways.length > 0 ? ['', gatewaysText(gateways), ...unknown] : []),
    ...pathLines(status),
  ].join('\n');
}

function pathLines({ network, paths: { items, nextCursor }, pathsKnown }: NetworkStatusView): string[] {
  if (items.length === 0) return [];
  const isMuch = nextCursor !== null || items.length > FEW_PAIRS;
  if (isMuch) return ['', `how they reach each other: tombolo status ${network} --paths [--node NODE]`];
  const unknown = pathsKnown ? [] : ['how these are is not known now: the relay-planner does not answer'];
  return ['', pathsText(items, new Date()), ...unknown];
}

function nodesText({ network, version, nodes }: NetworkStatusView): string {
  const right = nodes.filter((node) => node.inSync).length;
  const head = `${network}: ${nodes.length} nodes, ${right} hold what they shall, log version ${version}`;
  if (nodes.length === 0) return head;
  const rows = nodes.map((node) => columns.map(([, cell]) => String(cell(node) ?? '-')));
  const refusals = nodes.flatMap(({ name, rejected }) =>
    rejected
      ? rejected.errors.map(
          ({ resource, message }) => `${name} refuses revision ${rejected.revision}: ${resource}: ${message}`,
        )
      : [],
  );
  const leftOut = nodes.flatMap(({ name, refused }) =>
    refused.map(({ resource, message }) => `${name} leaves out ${namedIn(nodes, resource)}: ${message}`),
  );
  return [
    head,
    table(
      columns.map(([heading]) => heading),
      rows,
    ),
    ...refusals,
    ...leftOut,
  ].join('\n');
}

const namedIn = (nodes: NodeStatusView[], resource: string) =>
  nodes.find(({ nodeId }) => resource === `peer/${nodeId}`)?.name ?? resource;

function stateOf({ enabled, lastSeen, rejected, inSync, signed }: NodeStatusView): string {
  if (!enabled) return 'disabled';
  if (rejected) return 'refuses';
  if (signed === false) return 'unsigned';
  if (lastSeen === null) return 'silent';
  return inSync ? 'ok' : 'behind';
}
