import { type Command, Option } from 'commander';
import { formatEndpoint } from '#ipam/endpoint-text.js';
import { meshSocket, networkAndName, segment, type Socket, socket, type Target } from '../arguments.js';
import { type Context, contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { type Column, renderData, renderList } from '../output/render.js';
import type { ClusterReference } from './cluster.view.js';

export interface PublicationView {
  publicationId: string;
  cluster: ClusterReference;
  protocol: 'tcp' | 'udp';
  service: Socket;
  mesh: Socket;
  version: number;
}

interface PublishOptions {
  service: Socket;
  protocol: string;
  as: Partial<Socket> & { port: number };
}

export const publicationColumns: Column<PublicationView>[] = [
  ['cluster', ({ cluster }) => cluster.name],
  ['protocol', ({ protocol }) => protocol],
  ['service', ({ service }) => textOf(service)],
  ['published as', ({ mesh }) => textOf(mesh)],
  ['id', ({ publicationId }) => publicationId],
];
const textOf = ({ address, port }: Socket) => formatEndpoint(address, port);
const publicationsOf = (network: string) => `/networks/${segment(network)}/publications`;
const protocol = () => new Option('--protocol <protocol>').choices(['tcp', 'udp']).default('tcp');

export function publicationCommands(cluster: Command): void {
  cluster
    .command('publish')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .description('give a service of an island or archipelago a mesh address and port')
    .requiredOption('--service <address:port>', 'as the cluster knows it, for instance 10.43.0.10:443', socket)
    .addOption(protocol())
    .requiredOption(
      '--as <[address]:port>',
      'on the mesh; :443 takes the address that the cluster publishes on',
      meshSocket,
    )
    .action(async ({ network, name }: Target, { service, protocol, as }: PublishOptions, command: Command) => {
      const { api, format, print } = contextOf(command);
      const body = { cluster: name, service, protocol, mesh: as };
      const made = await api.post<PublicationView>(publicationsOf(network), body);
      const text = `${made.protocol} ${textOf(made.service)} of ${made.cluster.name} is published as ${textOf(made.mesh)}`;
      print(format === 'table' ? text : renderData(format, made));
    });

  cluster
    .command('unpublish')
    .argument('<network/cluster>', 'for instance office/east', networkAndName)
    .description('withdraw a published service')
    .requiredOption('--as <address:port>', 'where it is published on the mesh', socket)
    .addOption(protocol())
    .action(async (target: Target, options: { as: Socket; protocol: string }, command: Command) => {
      const { api, print } = contextOf(command);
      const { publicationId, mesh } = await publicationAt(api, target, options);
      await api.delete(`${publicationsOf(target.network)}/${publicationId}`);
      print(`${options.protocol} ${textOf(mesh)} is published no longer`);
    });

  cluster
    .command('publications')
    .argument('<network>')
    .description('list published services')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<PublicationView>(publicationsOf(network)), publicationColumns));
    });
}

async function publicationAt(
  api: Context['api'],
  { network, name }: Target,
  { as, protocol }: { as: Socket; protocol: string },
): Promise<PublicationView> {
  const found = (await api.list<PublicationView>(publicationsOf(network))).find(
    ({ cluster, mesh, protocol: spoken }) =>
      (cluster.name === name || cluster.clusterId === name) && spoken === protocol && textOf(mesh) === textOf(as),
  );
  if (!found) throw new CommandFailed(EXIT.notFound, `cluster ${name} publishes nothing as ${protocol} ${textOf(as)}`);
  return found;
}
