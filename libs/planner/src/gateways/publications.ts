import { hostPrefix } from '#ipam/prefix.js';
import type { PublicationState } from '#topology/network-state.js';
import { accept, carried, type Contribution, from, type Rule } from './contribution.js';
import type { Landscape } from './landscape.js';

/**
 * Published services of islands and archipelagos (rule 12): while somebody serves, the nodes in the cluster's door
 * translate, and the address belongs to the one that serves. A node's own stays with that node, which alone translates.
 */
export const publications: Rule = (around, viewer) =>
  around.publications
    .filter((publication) => isOpen(around, publication))
    .map((publication): Contribution => {
      const { publicationId, protocol, mesh, service, clusterId } = publication;
      const door = around.door(clusterId);
      const isMember = door?.members.includes(viewer.nodeId);
      const isLent = around.lent.has(mesh.address);
      const active = isLent ? undefined : around.activeFor(viewer, door);
      const translates = isLent
        ? viewer.addresses.includes(mesh.address)
        : around.node(door?.active ?? '') !== undefined;
      return {
        ...(active && { reach: from(active.nodeId, [hostPrefix(mesh.address)], signedService(publication)) }),
        ...(isMember && { forward: true }),
        ...(isMember &&
          translates && {
            resources: [
              { name: `nat/${publicationId}`, kind: 'publish', protocol, mesh, service },
              ...accept(publicationId, { sources: around.insiders, destinations: [hostPrefix(service.address)] }).map(
                (filter) => ({ ...filter, service: { protocol, port: service.port } }),
              ),
            ],
          }),
      };
    });

const signedService = ({ publicationId: memberId, mesh, signed }: PublicationState) =>
  carried({ memberId, publicKey: null, addresses: [mesh.address] }, signed);

function isOpen({ state }: Landscape, { clusterId }: PublicationState): boolean {
  const model = state.clusters.get(clusterId)?.model;
  return model === 'island' || model === 'archipelago';
}
