import { type Command, Option } from 'commander';
import { each, networkAndName, pathOf, probeTarget, rangesOf, segment, type Target, textOf } from '../arguments.js';
import { type Context, contextOf } from '../context.js';
import { renderList, renderOne } from '../output/render.js';
import { type GatewayOptions, newGateway, probeOf, usersOf } from './gateway-options.js';
import { gatewayColumns, gatewayDetails, type GatewayView } from './gateway.view.js';

const PROBE = 'what members try, to prove that they serve: ADDRESS (ICMP) or ADDRESS:PORT (TCP)';

export function gatewayCommands(program: Command): void {
  const gateway = program.command('gateway').description('gateways: nodes that lead out of the mesh, or into it');

  gateway
    .command('create')
    .argument('<network/gateway>', 'for instance office/database', networkAndName)
    .description('make nodes a gateway; the first one that works serves')
    .addOption(
      new Option('--kind <kind>', 'into a private range, for clients from outside, to everywhere, or door of a cluster')
        .choices(['egress', 'ingress', 'internet', 'cluster'])
        .makeOptionMandatory(),
    )
    .requiredOption('--node <node>', 'node that serves, the preferred one first (repeatable)', each)
    .option('--range <range>', 'egress: private range behind the nodes (repeatable)', each)
    .option('--masquerade', "traffic leaves with the node's own address (default for egress and internet)")
    .option('--no-masquerade', 'traffic keeps its source address: the network behind needs a route back')
    .option('--probe <target>', PROBE, probeTarget)
    .option('--cluster <cluster>', 'cluster: whose door it is')
    .option('--user-node <node>', 'internet: node that sends everything through it (repeatable)', each)
    .option('--user-client <client>', 'internet: client that sends everything through it (repeatable)', each)
    .action(async ({ network, name }: Target, options: GatewayOptions, command: Command) => {
      const body = newGateway(name, options);
      const { api, format, print } = contextOf(command);
      print(
        renderOne(format, await api.post<GatewayView>(`/networks/${segment(network)}/gateways`, body), gatewayDetails),
      );
    });

  gateway
    .command('list')
    .argument('<network>')
    .description('list gateways')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<GatewayView>(`/networks/${segment(network)}/gateways`), gatewayColumns));
    });

  gateway
    .command('show')
    .argument('<network/gateway>', 'for instance office/database', networkAndName)
    .description('show one gateway')
    .action(async (target: Target, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.get<GatewayView>(pathOf('gateways', target)), gatewayDetails));
    });

  gateway
    .command('set')
    .argument('<network/gateway>', 'for instance office/database', networkAndName)
    .description('change a gateway; what is given replaces all of its kind')
    .option('--node <node>', 'node that serves, the preferred one first (repeatable)', each)
    .option('--range <range>', 'range behind the nodes (repeatable)', each)
    .option('--masquerade', "traffic leaves with the node's own address")
    .option('--no-masquerade', 'traffic keeps its source address')
    .option('--probe <target>', `${PROBE}, or none`, probeTarget)
    .option('--user-node <node>', "node that sends everything through it (repeatable), or '' for none", each)
    .option('--user-client <client>', "client that sends everything through it (repeatable), or '' for none", each)
    .action(async (target: Target, options: Partial<GatewayOptions>, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await change(api, target, options), gatewayDetails));
    });

  drainCommands(gateway);

  gateway
    .command('delete')
    .argument('<network/gateway>', 'for instance office/database', networkAndName)
    .description('delete a gateway; its nodes stay in the network')
    .option('--force', 'also when clients are behind it: they are deleted first')
    .action(async (target: Target, { force }: { force?: boolean }, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Delete gateway ${textOf(target)}?`);
      await api.delete(`${pathOf('gateways', target)}${force ? '?force=true' : ''}`);
      print(`gateway ${textOf(target)} deleted`);
    });
}

function drainCommands(gateway: Command): void {
  for (const [action, draining, description] of [
    ['drain', true, 'let a node serve no longer, as long as another one can'],
    ['undrain', false, 'let a drained node serve again'],
  ] as const) {
    gateway
      .command(action)
      .argument('<network/gateway>', 'for instance office/database', networkAndName)
      .argument('<node>')
      .description(description)
      .action(async (target: Target, node: string, _options: object, command: Command) => {
        const { api, format, print } = contextOf(command);
        const changed = await api.post<GatewayView>(`${pathOf('gateways', target)}/drain`, { node, draining });
        print(renderOne(format, changed, gatewayDetails));
      });
  }
}

async function change(api: Context['api'], target: Target, options: Partial<GatewayOptions>): Promise<GatewayView> {
  const { node, range, masquerade, probe } = options;
  const path = pathOf('gateways', target);
  const changes = {
    ...(node && { nodes: node }),
    ...(range && { ranges: rangesOf(range) }),
    ...(masquerade !== undefined && { masquerade }),
    ...(probe && { probe: probeOf(probe) }),
  };
  const users = usersOf(options);
  if (!users) return api.patch<GatewayView>(path, changes);
  // The API replaces users as a whole: those of the kind that was not named stay as they were read.
  const { users: before, version } = await api.get<GatewayView>(path);
  const all = {
    nodes: before.nodes.map(({ nodeId }) => nodeId),
    clients: before.clients.map(({ clientId }) => clientId),
    ...users,
  };
  return api.patch<GatewayView>(path, { ...changes, users: all }, { ifMatch: `"${version}"` });
}
