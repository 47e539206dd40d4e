import type { Resource } from '#contracts/node-stream.js';
import type { NodeState } from '#topology/network-state.js';
import type { Contribution, Reach, Rule } from './contribution.js';
import { egress } from './egress.js';
import type { Behind } from '../extended-peer.js';
import { ingress } from './ingress.js';
import { internet } from './internet.js';
import { landscapeOf } from './landscape.js';
import { links } from './links.js';
import type { LiveState } from '../members.js';
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
const NONE: Extras = { forward: false, behind: new Map(), resources: [] };

/**
 * What clusters, gateways and clients mean for one node. All nodes that no fact of them names get the same object, which
 * holds nothing but what is behind others: such a node never forwards and has no resources of its own from here.
 */
export function extrasOf(state: LiveState, viewer: NodeState): Extras {
  const around = landscapeOf(state);
  if (around.isPlain || !viewer.enabled) return NONE;
  // As long as policy treats everybody alike (permitted.ts), so do the rules treat those that nothing names.
  const key = around.named.has(viewer.nodeId) ? viewer.nodeId : '';
  let extras = around.extras.get(key);
  if (!extras) around.extras.set(key, (extras = merged(RULES.flatMap((rule) => rule(around, viewer)))));
  return extras;
}

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
