import { segment } from '../arguments.js';
import { clusterSteps, strayMemberSteps } from './cluster-steps.js';
import type { Current } from './current.js';
import type { Desired } from './desired.js';
import { gatewaySteps } from './gateway-steps.js';
import {
  displacedPublicationSteps,
  linkSteps,
  publicationSteps,
  strayLinkSteps,
  strayPublicationSteps,
} from './link-steps.js';
import { networkSteps, nodeSteps } from './network-steps.js';
import type { Step } from './step.js';

/**
 * What leads from what there is to what a file says, in an order in which nothing is missing when it is needed: first what
 * goes, users before what they use, then what comes, the other way round.
 * @param prune also delete what the file does not name, in the sections that it has
 * @throws CommandFailed for what cannot be reached, such as a network of another range
 */
export function stepsTo(desired: Desired, current: Current, prune: boolean): Step[] {
  const path = `/networks/${segment(desired.network.name)}`;
  const all = [desired, current, path] as const;
  const going = prune
    ? [...strayPublicationSteps(...all), ...strayLinkSteps(...all), ...strayThings(...all), ...strayMemberSteps(...all)]
    : displacedPublicationSteps(...all);
  const coming = [networkSteps, nodeSteps, clusterSteps, gatewaySteps, linkSteps, publicationSteps];
  return [...going, ...coming.flatMap((steps) => changesFirst(steps(...all)))];
}

/** What changes may make room for what comes: a range that moves to another gateway. */
const changesFirst = (steps: Step[]) => [
  ...steps.filter(({ does }) => does === 'change'),
  ...steps.filter(({ does }) => does !== 'change'),
];

/** Gateways before clusters, whose doors they are. */
function strayThings({ gateways, clusters }: Desired, current: Current, path: string): Step[] {
  const strays = <T extends { name: string }>(wanted: Map<string, unknown> | undefined, now: T[]) =>
    wanted ? now.filter(({ name }) => !wanted.has(name)) : [];
  return [
    ...strays(gateways, current.gateways).map(({ name, gatewayId }) => ({
      does: 'delete' as const,
      what: `gateway ${name}`,
      details: [],
      request: { method: 'DELETE' as const, path: `${path}/gateways/${gatewayId}` },
      command: { command: 'gateway.delete', gateway: name },
    })),
    ...strays(clusters, current.clusters).map(({ name, clusterId }) => ({
      does: 'delete' as const,
      what: `cluster ${name}`,
      details: [],
      request: { method: 'DELETE' as const, path: `${path}/clusters/${clusterId}` },
      command: { command: 'cluster.delete', cluster: name },
    })),
  ];
}
