import { type Command, Option } from 'commander';
import { segment, wholeNumber } from '../arguments.js';
import { contextOf } from '../context.js';
import { type Column, renderList, renderOne } from '../output/render.js';

export interface NetworkView {
  networkId: string;
  name: string;
  cidr: string | null;
  cidr6: string | null;
  model: string;
  mtu: number;
  keepalive: number;
  defaultPolicy: string;
  virtualPool: string | null;
  virtualPool6: string | null;
  nodes?: number;
  createdAt: string;
  version: number;
}

const columns: Column<NetworkView>[] = [
  ['name', (network) => network.name],
  ['ipv4', (network) => network.cidr],
  ['ipv6', (network) => network.cidr6],
  ['model', (network) => network.model],
  ['mtu', (network) => network.mtu],
  ['default', (network) => network.defaultPolicy],
  ['nodes', (network) => network.nodes],
];
const details: Column<NetworkView>[] = [
  ...columns,
  ['keepalive', (network) => network.keepalive],
  ['virtual pool', (network) => [network.virtualPool, network.virtualPool6].filter(Boolean).join(' ')],
  ['created', (network) => network.createdAt],
  ['id', (network) => network.networkId],
  ['version', (network) => network.version],
];

const virtualPool = () =>
  new Option('--virtual-pool <range>', 'where virtual ranges of overlapping clusters come from, or none');
const virtualPool6 = () => new Option('--virtual-pool6 <range>', 'the same for IPv6, or none');
const defaultPolicy = () => new Option('--default <policy>', 'what is not ruled on').choices(['allow', 'deny']);

export function networkCommands(program: Command): void {
  const network = program.command('network').description('networks: address ranges and what holds for all their nodes');

  network
    .command('create')
    .argument('<name>')
    .description('create a network')
    .option('--cidr <range>', 'IPv4 range, or none (default: the first free 10.90.0.0/16 and following)')
    .option('--cidr6 <range>', 'IPv6 range, or none (default: a random fdxx::/64)')
    .addOption(
      new Option('--model <model>', 'how clusters relate to the rest').choices([
        'flat',
        'isolated',
        'island',
        'archipelago',
      ]),
    )
    .option('--mtu <bytes>', 'MTU of the mesh interfaces (default 1420)', wholeNumber)
    .option('--keepalive <seconds>', 'keepalive of nodes behind NAT (default 25)', wholeNumber)
    .addOption(defaultPolicy())
    .addOption(virtualPool())
    .addOption(virtualPool6())
    .action(async (name: string, options: Record<string, unknown>, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.post<NetworkView>('/networks', { name, ...settings(options) }), details));
    });

  network
    .command('list')
    .description('list networks')
    .action(async (_options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<NetworkView>('/networks'), columns));
    });

  network
    .command('show')
    .argument('<network>')
    .description('show one network')
    .action(async (name: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.get<NetworkView>(`/networks/${segment(name)}`), details));
    });

  network
    .command('set')
    .argument('<network>')
    .description('change a network')
    .option('--mtu <bytes>', 'MTU of the mesh interfaces', wholeNumber)
    .option('--keepalive <seconds>', 'keepalive of nodes behind NAT', wholeNumber)
    .addOption(defaultPolicy())
    .addOption(virtualPool())
    .addOption(virtualPool6())
    .action(async (name: string, options: Record<string, unknown>, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.patch<NetworkView>(`/networks/${segment(name)}`, settings(options)), details));
    });

  network
    .command('delete')
    .argument('<network>')
    .description('delete a network')
    .option('--force', 'also when it has nodes: they are removed first')
    .action(async (name: string, options: { force?: boolean }, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Delete network ${name}?`);
      await api.delete(`/networks/${segment(name)}${options.force ? '?force=true' : ''}`);
      print(`network ${name} deleted`);
    });
}

function settings({ default: defaultPolicy, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return defaultPolicy === undefined ? rest : { ...rest, defaultPolicy };
}
