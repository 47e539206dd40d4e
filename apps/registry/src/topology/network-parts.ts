import { clientView, clusterView, gatewayView, linkView, publicationView } from '#topology/gateway-view.js';
import type { NetworkState } from '#topology/network-state.js';
import { clientDto } from '../clients/client.dto.js';
import { clusterLinkDto } from '../cluster-links/cluster-link.dto.js';
import { clusterDto } from '../clusters/cluster.dto.js';
import { gatewayDto } from '../gateways/gateway.dto.js';
import { publicationDto } from '../publications/publication.dto.js';
import type { TopologyDto } from './topology.dto.js';

type Parts = Pick<TopologyDto, 'clusters' | 'links' | 'gateways' | 'clients' | 'publications'>;

/** Everything of a network besides its nodes, as its own resource shows it; named things by name, the rest by age. */
export const networkParts = (state: NetworkState): Parts => ({
  clusters: sortedBy('name', state.clusters.values()).map((cluster) => clusterDto(state, clusterView(state, cluster))),
  links: sortedBy('linkId', state.links.values()).map((link) => clusterLinkDto(state, linkView(state, link))),
  gateways: sortedBy('name', state.gateways.values()).map((gateway) => gatewayDto(state, gatewayView(gateway))),
  clients: sortedBy('name', state.clients.values()).map((client) => clientDto(state, clientView(client))),
  publications: sortedBy('publicationId', state.publications.values()).map((one) =>
    publicationDto(state, publicationView(one)),
  ),
});

const sortedBy = <Field extends string, Thing extends Record<Field, string>>(field: Field, things: Iterable<Thing>) =>
  [...things].sort((a, b) => (a[field] < b[field] ? -1 : 1));
