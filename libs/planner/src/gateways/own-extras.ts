import type { Resource } from '#contracts/node-stream.js';
import type { NodeState } from '#topology/network-state.js';
import type { Contribution, Reach, Rule } from './contribution.js';
import { egress } from './egress.js';
import type { Behind } from '../extended-peer.js';
import { ingress } from './ingress.js';
import { internet } from './internet.js';
import type { Landscape } from './landscape.js';
import { links } from './links.js';
import { models } from './models.js';
import { probes } from './probes.js';
import { publications } from './publications.js';

/** What a node has besides its interface, its peers by their own prefixes and the ways to those. */
export interface Extras {
  forward: boolean;
  /** Node id → the prefixes reached through it besides its own. */
  behind: ReadonlyMap<string, Behind>;
  /** Clients, translations, filters, probes, the way to the internet. */
  resources: readonly Resource[];
}

const RULES: readonly Rule[] = [egress, ingress, internet, links, models, publications, probes];

/**
 * What clusters, gateways and clients mean for one node that reaches all others by itself. All nodes that no fact of them
 * names get the same object, which holds nothing but what is behind others: such a node never forwards and has no
 * resources of its own from here.
 */
export function ownExtras(around: Landscape, viewer: NodeState): Extras {
  // As long as policy treats everybody alike (permitted.ts), so do the rules treat those that nothing names.
  const someone = around.named.has(viewer.nodeId) ? viewer : UNNAMED;
  let extras = around.own.get(someone.nodeId);
  if (!extras) around.own.set(someone.nodeId, (extras = merged(RULES.flatMap((rule) => rule(around, someone)))));
  return extras;
}

/** A node that no fact of clusters and gateways names. */
export const UNNAMED: NodeState = {
  nodeId: '',
  name: '',
  publicKey: '',
  controlKey: '',
  natsKey: '',
  addresses: [],
  endpoints: [],
  labels: {},
  site: null,
  keyId: '',
  ephemeralTtl: null,
  enabled: true,
  enrolledAt: '',
  version: 0,
};

function merged(contributions: readonly Contribution[]): Extras {
  const reached = new Map<string, Reach[]>();
  for (const reach of contributions.flatMap((each) => each.reach ?? [])) {
    const known = reached.get(reach.nodeId);
    if (known) known.push(reach);
    else reached.set(reach.nodeId, [reach]);
  }
  return {
    forward: contributions.some(({ forward }) => forward),
    behind: new Map([...reached].map(([nodeId, reaches]) => [nodeId, behind(reaches)])),
    resources: contributions.flatMap(({ resources }) => resources ?? []),
  };
}

function behind(reaches: readonly Reach[]): Behind {
  const members = new Map(reaches.flatMap(({ member }) => (member ? [[member.memberId, member]] : [])));
  return {
    prefixes: [...new Set(reaches.map(({ prefix }) => prefix))],
    routed: new Set(reaches.filter(({ routed }) => routed).map(({ prefix }) => prefix)),
    carries: [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member),
  };
}
