import fc from 'fast-check';
import type { Decision } from '#contracts/decision.js';
import { isRefusal } from '#contracts/errors.js';
import type { NetworkModel, NewFact } from '#contracts/facts.js';
import type { GatewayKind } from '#contracts/gateway-facts.js';
import { factsOf, foldNew } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { electionFacts } from '../../apps/gateway-manager/src/election/elect-active.decider.js';
import {
  decideChangeCluster,
  decideChangeGateway,
  decideCreateClient,
  decideCreateGateway,
  decideDeclareCluster,
  decideDisableNode,
  decideDrainGateway,
  decideEnableNode,
  decideEnrolNode,
  decideLinkClusters,
  decidePublishService,
  decideRemoveCluster,
  decideRemoveGateway,
  decideRemoveNode,
  decideRevokeClient,
  decideSetClusterMember,
  decideUnlinkClusters,
  decideUnsetClusterMember,
  decideWithdrawService,
} from '../support/deciders.js';
import { clientId, clusterId, gatewayId, linkId, publicationId } from '../support/gateway-facts.js';
import { at, given, meta } from '../support/given.js';
import {
  controlKey,
  keyCreated,
  keyId,
  natsKey,
  networkCreated,
  nodeEnrolled,
  nodeId,
  SECRET_HASH,
  wireguardKey,
} from '../support/network-facts.js';

/** Few ranges, so that many meet: equal, nested, in the mesh, in the pool, IPv6. */
const RANGES = ['10.42.0.0/16', '10.42.128.0/17', '10.43.0.0/16', '10.90.4.0/24', '100.64.0.0/16', 'fd00:42::/56'];
const EGRESS = ['192.168.1.0/24', '192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '100.66.0.0/16', '10.42.0.0/16'];
const MODELS: NetworkModel[] = ['flat', 'isolated', 'island', 'archipelago', 'archipelago'];
const KINDS: GatewayKind[] = ['egress', 'ingress', 'internet', 'cluster'];
const WHAT = [
  ...['enrol', 'enrol', 'remove node', 'disable', 'enable'],
  ...['declare', 'declare', 'change cluster', 'remove cluster', 'set member', 'unset member', 'link', 'link', 'unlink'],
  ...['gateway', 'gateway', 'gateway', 'members', 'ranges', 'users', 'drain', 'undrain', 'remove gateway'],
  ...['client', 'client', 'revoke', 'publish', 'publish', 'withdraw'],
] as const;

/** One wish; the numbers pick what it is about, and often what is not there. */
interface Wish {
  what: (typeof WHAT)[number];
  one: number;
  other: number;
  third: number;
}

const number = fc.integer({ min: 1, max: 5 });

export const wishes = fc.array(
  fc.record<Wish>({ what: fc.constantFrom(...WHAT), one: number, other: number, third: number }),
  {
    maxLength: 60,
    size: 'max',
  },
);

/** After every single fact, and where a service would have nothing more to do. */
export interface Moment {
  state: NetworkState;
  fact: NewFact;
  /** The gateway-manager has followed. */
  settled: boolean;
}

export const BEGINNING = given(networkFold, [
  networkCreated(),
  keyCreated(),
  ...[1, 2, 3, 4].map((n) => nodeEnrolled(n)),
]).state;

/** Every state on the way. What a decider refuses happens not; any other error is a fault. */
export function play(list: readonly Wish[]): Moment[] {
  const moments: Moment[] = [];
  let state = BEGINNING;
  const happen = (facts: NewFact[], settled: boolean) =>
    facts.forEach((fact, index) => {
      state = foldNew(networkFold, state, [fact]);
      moments.push({ state, fact, settled: settled && index === facts.length - 1 });
    });
  list.forEach((wish, index) => {
    const command = meta({ commandId: `wish-${index}`, at: at(index) });
    const facts = attempt(() => decide(wish, { ...command, index }, state));
    happen(facts, false);
    const elected = factsOf(command, ...elections(state));
    happen(elected, true);
    if (elected.length === 0) moments.splice(-1, 1, ...moments.slice(-1).map((last) => ({ ...last, settled: true })));
  });
  return moments;
}

/** What the election would do of which nothing is heard. */
export function elections(state: NetworkState) {
  const moment = { health: new Map(), now: 0, returnAfterMs: 30_000, activatedAt: null };
  return [...state.gateways.values()]
    .sort((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1))
    .flatMap((gateway) => electionFacts(state, gateway, moment));
}

function attempt(decision: () => Decision): NewFact[] {
  try {
    return decision().facts;
  } catch (error) {
    if (isRefusal(error)) return [];
    throw error;
  }
}

type Command = ReturnType<typeof meta> & { index: number };

function decide({ what, one, other, third }: Wish, { index, ...command }: Command, state: NetworkState): Decision {
  const node = { ...command, nodeId: nodeId(one) };
  const cluster = { ...command, clusterId: clusterId(one) };
  const gateway = { ...command, gatewayId: gatewayId(one) };
  const pods = [RANGES[other]!];
  const services = other === third ? [] : [RANGES[third]!];
  const nth = (ids: Iterable<string>, none: string) => {
    const there = [...ids].sort();
    return there[other % there.length] ?? none;
  };
  switch (what) {
    case 'enrol':
      return decideEnrolNode({ ...node, ...machine(one, index) }, state);
    case 'remove node':
      return decideRemoveNode({ ...command, nodeId: nth(state.nodes.keys(), nodeId(1)), reason: 'operator' }, state);
    case 'disable':
      return decideDisableNode({ ...command, nodeId: nth(state.nodes.keys(), nodeId(1)) }, state);
    case 'enable':
      return decideEnableNode({ ...command, nodeId: nth(state.nodes.keys(), nodeId(1)) }, state);
    case 'declare':
      return decideDeclareCluster(
        { ...cluster, name: `cluster-${one}`, pods, services, model: MODELS[third - 1] },
        state,
      );
    case 'change cluster':
      return decideChangeCluster(
        { ...cluster, ...(third > 2 ? { pods, services } : { model: MODELS[other - 1] }) },
        state,
      );
    case 'remove cluster':
      return decideRemoveCluster(cluster, state);
    case 'set member':
      return decideSetClusterMember({ ...cluster, nodeId: nth(state.nodes.keys(), nodeId(1)), pods: [] }, state);
    case 'unset member':
      return decideUnsetClusterMember({ ...cluster, nodeId: nth(clusterMembers(state, one), nodeId(1)) }, state);
    case 'link':
      return decideLinkClusters(
        { ...command, linkId: linkId(100 + index), a: clusterId(one), b: clusterId(other) },
        state,
      );
    case 'unlink':
      return decideUnlinkClusters({ ...command, linkId: nth(state.links.keys(), linkId(1)) }, state);
    case 'gateway': {
      const kind = KINDS[third % KINDS.length]!;
      const nodes = [...state.nodes.keys()].sort();
      const [a, b] = [other, third].map((n) => nodes[n % nodes.length] ?? nodeId(1));
      return decideCreateGateway(
        {
          ...gateway,
          name: `gateway-${one}`,
          kind,
          members: a === b ? [a!] : [a!, b!],
          ...(kind === 'egress' && { ranges: [EGRESS[other]!] }),
          ...(kind === 'cluster' && { clusterId: clusterId(third) }),
        },
        state,
      );
    }
    case 'members':
      return decideChangeGateway({ ...gateway, members: [nth(state.nodes.keys(), nodeId(1))] }, state);
    case 'ranges':
      return decideChangeGateway({ ...gateway, ranges: [EGRESS[other]!] }, state);
    case 'users': {
      const clients = third > 3 ? [nth(state.clients.keys(), clientId(1))] : [];
      return decideChangeGateway(
        { ...gateway, users: { nodes: [nth(state.nodes.keys(), nodeId(1))], clients } },
        state,
      );
    }
    case 'drain':
    case 'undrain': {
      const member = state.gateways.get(gatewayId(one))?.members[other % 2] ?? nodeId(1);
      return decideDrainGateway({ ...gateway, nodeId: member, draining: what === 'drain' }, state);
    }
    case 'remove gateway':
      return decideRemoveGateway({ ...gateway, force: third > 3 }, state);
    case 'client':
      return decideCreateClient(
        {
          ...command,
          clientId: clientId(100 + index),
          name: `client-${index}`,
          publicKey: wireguardKey(1_000 + index),
          gatewayId: state.gateways.find(({ kind }) => kind === 'ingress')?.gatewayId ?? gatewayId(one),
        },
        state,
      );
    case 'revoke':
      return decideRevokeClient({ ...command, clientId: nth(state.clients.keys(), clientId(1)) }, state);
    case 'publish': {
      const range = state.clusters.get(clusterId(one))?.services[0] ?? '10.43.0.0/16';
      const address = range.split('/')[0]!;
      const service = { address, port: third };
      const mesh = { port: other };
      return decidePublishService({ ...cluster, publicationId: publicationId(100 + index), service, mesh }, state);
    }
    case 'withdraw':
      return decideWithdrawService(
        { ...command, publicationId: nth(state.publications.keys(), publicationId(1)) },
        state,
      );
    default:
      return what satisfies never;
  }
}

const clusterMembers = ({ clusters }: NetworkState, n: number) => clusters.get(clusterId(n))?.members.keys() ?? [];

/** A machine that was never here before: ids and keys of nodes are not used twice. */
function machine(one: number, index: number) {
  const n = 100 * one + index;
  return {
    nodeId: nodeId(n),
    name: `node-${n}`,
    keyId: keyId(1),
    secretHash: SECRET_HASH,
    publicKey: wireguardKey(n),
    controlKey: controlKey(n),
    natsKey: natsKey(n),
  };
}
