import { segment } from '../arguments.js';
import type { LinkView } from '../clusters/cluster-link.view.js';
import type { ClusterView } from '../clusters/cluster.view.js';
import type { PublicationView } from '../clusters/publication.commands.js';
import type { Context } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { GatewayView } from '../gateways/gateway.view.js';
import type { NetworkView } from '../networks/network.commands.js';
import type { NodeView } from '../nodes/node.commands.js';

/** What the server has. */
export interface Current {
  /** null: not there yet. */
  network: NetworkView | null;
  nodes: NodeView[];
  clusters: ClusterView[];
  links: LinkView[];
  gateways: GatewayView[];
  publications: PublicationView[];
}

export async function readCurrent({ api }: Context, name: string): Promise<Current> {
  const path = `/networks/${segment(name)}`;
  const network = await api.get<NetworkView>(path).catch((error: unknown) => {
    if (error instanceof CommandFailed && error.exitCode === EXIT.notFound) return null;
    throw error;
  });
  if (!network) return { network, nodes: [], clusters: [], links: [], gateways: [], publications: [] };
  const [nodes, clusters, links, gateways, publications] = await Promise.all([
    api.list<NodeView>(`${path}/nodes`),
    api.list<ClusterView>(`${path}/clusters`),
    api.list<LinkView>(`${path}/cluster-links`),
    api.list<GatewayView>(`${path}/gateways`),
    api.list<PublicationView>(`${path}/publications`),
  ]);
  return { network, nodes, clusters, links, gateways, publications };
}
