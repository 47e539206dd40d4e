import { formatEndpoint } from '#ipam/endpoint-text.js';
import type { Current } from './current.js';
import type { Desired, DesiredPublication } from './desired.js';
import type { Step } from './step.js';

type Publication = Current['publications'][number];

const refersTo = ({ name, clusterId }: { name: string; clusterId: string }, nameOrId: string) =>
  name === nameOrId || clusterId === nameOrId;

export function linkSteps({ links: wanted }: Desired, current: Current, path: string): Step[] {
  const missing = (wanted ?? []).filter(({ clusters }) => !current.links.some((link) => joins(link, clusters)));
  return missing.map(({ clusters: [a = '', b = ''], onOverlap }) => {
    const body = { a, b, ...(onOverlap && { onOverlap }) };
    return {
      does: 'create',
      what: `link of ${a} and ${b}`,
      details: onOverlap ? [`on overlap: ${onOverlap}`] : [],
      request: { method: 'POST', path: `${path}/cluster-links`, body },
      command: { command: 'link.create', ...body },
    };
  });
}

export function strayLinkSteps({ links: wanted }: Desired, { links }: Current, path: string): Step[] {
  if (!wanted) return [];
  const strays = links.filter((link) => !wanted.some(({ clusters }) => joins(link, clusters)));
  return strays.map(({ linkId, a, b }) => ({
    does: 'delete',
    what: `link of ${a.name} and ${b.name}`,
    details: [],
    request: { method: 'DELETE', path: `${path}/cluster-links/${linkId}` },
    command: { command: 'link.delete', link: linkId },
  }));
}

function joins({ a, b }: Current['links'][number], [one = '', other = '']: string[]): boolean {
  return (refersTo(a, one) && refersTo(b, other)) || (refersTo(a, other) && refersTo(b, one));
}

/** Those in the way of a publication that a file asks for: another service at the same mesh address and port. */
export function displacedPublicationSteps({ publications: wanted }: Desired, { publications }: Current, path: string) {
  const isAt = (now: Publication, { protocol = 'tcp', as }: DesiredPublication) =>
    now.protocol === protocol && now.mesh.address === as.address && now.mesh.port === as.port;
  const displaced = publications.filter((now) => (wanted ?? []).some((one) => isAt(now, one) && !is(now, one)));
  return displaced.map((publication) => withdrawn(publication, path));
}

export function strayPublicationSteps({ publications: wanted }: Desired, { publications }: Current, path: string) {
  if (!wanted) return [];
  return publications.filter((now) => !wanted.some((one) => is(now, one))).map((stray) => withdrawn(stray, path));
}

export function publicationSteps({ publications: wanted }: Desired, { publications }: Current, path: string): Step[] {
  const missing = (wanted ?? []).filter((one) => !publications.some((now) => is(now, one)));
  return missing.map(({ cluster, protocol = 'tcp', service, as }) => {
    const body = { cluster, protocol, service, mesh: as };
    return {
      does: 'create',
      what: `publication of ${protocol} ${formatEndpoint(service.address, service.port)} of ${cluster}`,
      details: [`as: ${as.address === undefined ? `:${as.port}` : formatEndpoint(as.address, as.port)}`],
      request: { method: 'POST', path: `${path}/publications`, body },
      command: { command: 'publication.create', ...body },
    };
  });
}

function is(now: Publication, { cluster, protocol = 'tcp', service, as }: DesiredPublication): boolean {
  const isAt = (as.address === undefined || now.mesh.address === as.address) && now.mesh.port === as.port;
  const isOf = now.service.address === service.address && now.service.port === service.port;
  return isAt && isOf && now.protocol === protocol && refersTo(now.cluster, cluster);
}

const withdrawn = ({ publicationId, protocol, service, cluster }: Publication, path: string): Step => ({
  does: 'delete',
  what: `publication of ${protocol} ${formatEndpoint(service.address, service.port)} of ${cluster.name}`,
  details: [],
  request: { method: 'DELETE', path: `${path}/publications/${publicationId}` },
  command: { command: 'publication.delete', publication: publicationId },
});
