import { CommandFailed, EXIT } from '../exit-codes.js';
import { probeOf } from '../gateways/gateway-options.js';
import { probeText } from '../gateways/gateway.view.js';
import type { Current } from './current.js';
import type { Desired, DesiredGateway } from './desired.js';
import { changesOf, detail, pick, rangesText, type Step } from './step.js';

type Gateway = Current['gateways'][number];

export function gatewaySteps({ gateways: wanted }: Desired, { gateways }: Current, path: string): Step[] {
  return [...(wanted ?? [])].flatMap(([name, gateway]) => {
    const now = gateways.find((one) => one.name === name);
    return now ? setSteps(gateway, now, path) : [created(name, gateway, path)];
  });
}

const bodyOf = ({ probe, ...gateway }: DesiredGateway) => ({
  ...gateway,
  ...(probe !== undefined && { probe: probe && probeOf(probe) }),
});

function created(name: string, gateway: DesiredGateway, path: string): Step {
  const body = { name, ...bodyOf(gateway) };
  const details = Object.entries({ kind: gateway.kind, cluster: gateway.cluster, ...textsOf(gateway) });
  return {
    does: 'create',
    what: `gateway ${name}`,
    details: details.flatMap(([field, value]) => (value ? [`${field}: ${value}`] : [])),
    request: { method: 'POST', path: `${path}/gateways`, body },
    command: { command: 'gateway.create', ...body },
  };
}

function setSteps(wanted: DesiredGateway, now: Gateway, path: string): Step[] {
  const fixed = changesOf(
    { kind: wanted.kind, cluster: wanted.cluster && nameIn(now.cluster ? [now.cluster] : [], wanted.cluster) },
    { kind: now.kind, cluster: now.cluster?.name ?? '' },
  );
  if (fixed[0])
    throw new CommandFailed(
      EXIT.refused,
      `gateway ${now.name}: ${detail(fixed[0])} cannot be changed; delete it first, or give the new one another name`,
    );
  const changes = changesOf(textsOf(wanted, now), textsNow(now));
  if (changes.length === 0) return [];
  const body = pick(bodyOf(wanted), changes);
  return [
    {
      does: 'change',
      what: `gateway ${now.name}`,
      details: changes.map(detail),
      request: { method: 'PATCH', path: `${path}/gateways/${now.gatewayId}`, body },
      command: { command: 'gateway.set', gateway: now.name, ...body },
    },
  ];
}

/** What a file says of a gateway, in the words that the present one would be told in. */
function textsOf({ nodes, ranges, masquerade, probe, users }: DesiredGateway, now?: Gateway) {
  const target = probe && probeOf(probe);
  return {
    nodes: nodes.map((node) => nameIn(now?.nodes ?? [], node)).join(' '),
    ranges: rangesText(ranges),
    masquerade: masquerade === undefined ? undefined : String(masquerade),
    probe: target
      ? probeText({ address: target.address, port: target.port ?? null })
      : probe === undefined
        ? undefined
        : '',
    users: users && usersText(users.nodes ?? [], users.clients ?? [], now),
  };
}

const textsNow = ({ nodes, ranges, masquerade, probe, users }: Gateway) => ({
  nodes: nodes.map(({ name }) => name).join(' '),
  ranges: rangesText(ranges) ?? '',
  masquerade: String(masquerade),
  probe: probe ? probeText(probe) : '',
  users: usersText(
    users.nodes.map(({ name }) => name),
    users.clients.map(({ name }) => name),
  ),
});

function usersText(nodes: string[], clients: string[], now?: Gateway): string {
  const names = (given: string[], known: Reference[]) => given.map((one) => nameIn(known, one)).sort();
  return [
    ...names(nodes, now?.users.nodes ?? []),
    ...names(clients, now?.users.clients ?? []).map((client) => `client ${client}`),
  ].join(', ');
}

interface Reference {
  name: string;
  nodeId?: string;
  clientId?: string;
  clusterId?: string;
}

/** A file may name by id, too. */
const nameIn = (known: Reference[], nameOrId: string) =>
  known.find(({ nodeId, clientId, clusterId }) => [nodeId, clientId, clusterId].includes(nameOrId))?.name ?? nameOrId;
