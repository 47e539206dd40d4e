import type { Current } from './current.js';
import type { Desired, DesiredCluster } from './desired.js';
import { changesOf, detail, pick, rangesText, type Step } from './step.js';

type Cluster = Current['clusters'][number];

export function clusterSteps({ clusters: wanted }: Desired, { clusters }: Current, path: string): Step[] {
  return [...(wanted ?? [])].flatMap(([name, cluster]) => {
    const now = clusters.find((one) => one.name === name);
    return now ? [...setSteps(cluster, now, path), ...memberSteps(cluster, now, path)] : [created(name, cluster, path)];
  });
}

/** Members that a file does not name, where it names members. */
export function strayMemberSteps({ clusters: wanted }: Desired, { clusters }: Current, path: string): Step[] {
  return clusters.flatMap(({ name: cluster, clusterId, members }) => {
    const named = wanted?.get(cluster)?.members;
    if (!named) return [];
    const strays = members.filter(({ name, nodeId }) => !named.has(name) && !named.has(nodeId));
    return strays.map(({ name, nodeId }): Step => ({
      does: 'delete',
      what: `member ${name} of cluster ${cluster}`,
      details: [],
      request: { method: 'DELETE', path: `${path}/clusters/${clusterId}/members/${nodeId}` },
      command: { command: 'cluster.member.unset', cluster, node: name },
    }));
  });
}

function created(name: string, { members, ...cluster }: DesiredCluster, path: string): Step {
  const { pods, services, model } = cluster;
  const nodes = members && [...members].map(([node, own]) => ({ node, ...(own && { pods: own }) }));
  const body = { name, ...cluster, ...(nodes && { members: nodes }) };
  const details = Object.entries({
    pods: pods?.join(' '),
    services: services?.join(' '),
    model,
    members: members && [...members.keys()].join(' '),
  }).flatMap(([field, value]) => (value ? [`${field}: ${value}`] : []));
  return {
    does: 'create',
    what: `cluster ${name}`,
    details,
    request: { method: 'POST', path: `${path}/clusters`, body },
    command: { command: 'cluster.create', ...body },
  };
}

function setSteps({ pods, services, model }: DesiredCluster, now: Cluster, path: string): Step[] {
  const changes = changesOf(
    { pods: rangesText(pods), services: rangesText(services), model },
    { pods: now.pods.join(' '), services: now.services.join(' '), model: now.model },
  );
  if (changes.length === 0) return [];
  const body = pick({ pods, services, model }, changes);
  return [
    {
      does: 'change',
      what: `cluster ${now.name}`,
      details: changes.map(detail),
      request: { method: 'PATCH', path: `${path}/clusters/${now.clusterId}`, body },
      command: { command: 'cluster.set', cluster: now.name, ...body },
    },
  ];
}

function memberSteps({ members: wanted }: DesiredCluster, now: Cluster, path: string): Step[] {
  return [...(wanted ?? [])].flatMap(([node, pods]) => {
    const member = now.members.find(({ name, nodeId }) => name === node || nodeId === node);
    const changes = changesOf({ pods: rangesText(pods ?? undefined) }, { pods: member?.pods.join(' ') ?? '' });
    if (member && changes.length === 0) return [];
    const body = pods ? { pods } : {};
    return [
      {
        does: member ? 'change' : 'create',
        what: `member ${node} of cluster ${now.name}`,
        details: member ? changes.map(detail) : pods?.length ? [`pods: ${pods.join(' ')}`] : [],
        request: { method: 'PUT', path: `${path}/clusters/${now.clusterId}/members/${encodeURIComponent(node)}`, body },
        command: { command: 'cluster.member.set', cluster: now.name, node, ...body },
      } satisfies Step,
    ];
  });
}
