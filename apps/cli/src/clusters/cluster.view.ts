import type { Column } from '../output/render.js';

export interface ClusterView {
  clusterId: string;
  name: string;
  pods: string[];
  services: string[];
  model: string;
  members: { nodeId: string; name: string; pods: string[] }[];
  /** Its ranges, and what the other side of a link sees instead of them. */
  crossing: CrossingView[];
  linkedWith: ClusterReference[];
  createdAt: string;
  version: number;
}

export interface ClusterReference {
  clusterId: string;
  name: string;
}

export interface CrossingView {
  kind: string;
  real: string;
  crossing: string;
}

export const clusterColumns: Column<ClusterView>[] = [
  ['name', (cluster) => cluster.name],
  ['model', (cluster) => cluster.model],
  ['pods', (cluster) => cluster.pods.join(' ')],
  ['services', (cluster) => cluster.services.join(' ')],
  ['members', (cluster) => cluster.members.map(({ name }) => name).join(' ')],
];

export const clusterDetails: Column<ClusterView>[] = [
  ...clusterColumns.slice(0, -1),
  ['members', (cluster) => cluster.members.map(memberText).join('; ')],
  ['virtual', (cluster) => virtualText(cluster.crossing)],
  ['linked with', (cluster) => cluster.linkedWith.map(({ name }) => name).join(' ')],
  ['created', (cluster) => cluster.createdAt],
  ['id', (cluster) => cluster.clusterId],
  ['version', (cluster) => cluster.version],
];

/** The ranges that others see under another address. */
export const virtualText = (ranges: CrossingView[]) =>
  ranges
    .filter(({ real, crossing }) => real !== crossing)
    .map(({ real, crossing }) => `${real} as ${crossing}`)
    .join('; ');

const memberText = ({ name, pods }: ClusterView['members'][number]) => [name, ...pods].join(' ');
