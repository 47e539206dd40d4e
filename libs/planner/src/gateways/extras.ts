import type { CarriedMember } from '#contracts/node-stream.js';
import type { NodeState } from '#topology/network-state.js';
import type { Behind } from '../extended-peer.js';
import type { LiveState } from '../members.js';
import { type Landscape, landscapeOf } from './landscape.js';
import { type Extras, ownExtras, UNNAMED } from './own-extras.js';
import { type Carried, transitOf } from './transit.js';

const NONE: Extras = { forward: false, behind: new Map(), resources: [] };

/** What a node has besides its interface, its peers by their own prefixes and the ways to those (rules 4, 6 to 12). */
export function extrasOf(state: LiveState, viewer: NodeState): Extras {
  const around = landscapeOf(state);
  if (around.isPlain || !viewer.enabled) return NONE;
  const key = around.named.has(viewer.nodeId) ? viewer.nodeId : '';
  let extras = around.extras.get(key);
  if (!extras) around.extras.set(key, (extras = withRelays(around, viewer)));
  return extras;
}

/** Without what no relay takes to where it should go; at a relay with what it takes for others. */
function withRelays(around: Landscape, viewer: NodeState): Extras {
  const own = ownExtras(around, viewer);
  const { refused, carried } = transitOf(around);
  const without = refused.get(viewer.nodeId);
  const load = carried.get(viewer.nodeId);
  if (!without && !load) return own;
  const behind = new Map(own.behind);
  for (const less of [without, load?.moved])
    for (const [nodeId, prefixes] of less ?? []) behind.set(nodeId, lessened(behind.get(nodeId), prefixes));
  const moved = [...(load?.moved.values() ?? [])].flatMap((prefixes) => [...prefixes]);
  for (const [nodeId, prefixes] of load?.behind ?? [])
    behind.set(nodeId, extended(behind.get(nodeId), { prefixes, carries: carriesOf(around, nodeId) }, moved));
  return { ...own, behind, resources: [...own.resources, ...(load?.resources ?? [])] };
}

/** What was signed of those behind a node, as all see it who are no members of its gateways. */
const carriesOf = (around: Landscape, nodeId: string): readonly CarriedMember[] =>
  ownExtras(around, UNNAMED).behind.get(nodeId)?.carries ?? [];

const NOTHING: Behind = { prefixes: [], routed: new Set(), carries: [] };

const lessened = ({ prefixes, routed, carries }: Behind = NOTHING, without: Carried): Behind => ({
  prefixes: prefixes.filter((prefix) => !without.has(prefix)),
  routed: new Set([...routed].filter((prefix) => !without.has(prefix))),
  carries,
});

interface More {
  prefixes: Carried;
  carries: readonly CarriedMember[];
}

function extended({ prefixes, routed, carries }: Behind = NOTHING, more: More, sent: readonly string[]): Behind {
  const members = new Map([...carries, ...more.carries].map((member) => [member.memberId, member]));
  return {
    prefixes: [...new Set([...prefixes, ...more.prefixes])],
    routed: new Set([...routed, ...sent.filter((prefix) => more.prefixes.has(prefix))]),
    carries: [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member),
  };
}
