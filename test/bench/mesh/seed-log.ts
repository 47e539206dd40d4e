import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Resource } from '#contracts/node-stream.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { isLive } from '#planner/members.js';
import { ownResources, planNode } from '#planner/plan-node.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import type { NodeView } from '#topology/view.js';
import { secretHash } from '../../../apps/registry/src/auth/api-token.js';
import { decideEnrolNode } from '../../../apps/registry/src/nodes/enrol-node.decider.js';
import type { BenchNetwork, ControlPlane } from './control-plane.js';
import type { Fleet } from './fleet.js';
import { inParallel } from './in-parallel.js';
import type { EnrolledNode, MeshNode } from './mesh-node.js';
import { SimulatedAgent } from './simulated-agent.js';

const DECIDING_AT_ONCE = 256;
const SNAPSHOT_EVERY = 2_000;

export interface SeededNetwork {
  nodes: EnrolledNode[];
  /** After them. */
  state: NetworkState;
}

interface Enrolments {
  plane: ControlPlane;
  network: BenchNetwork;
  nodes: MeshNode[];
}

/**
 * Enrols nodes by the registry's own decider, into the log of a control plane that is stopped: as if they had joined long ago. To join
 * over HTTP one by one they would have to be told N² / 2 peers, 12 GB for 10,000.
 */
export async function seedLog(store: EventStore, { plane, network, nodes }: Enrolments): Promise<SeededNetwork> {
  const { id, name: networkName, keyId, secret } = network;
  const { publicKey: controllerKey } = plane.trust.sealing;
  const nats = { urls: [plane.natsUrl], jwt: '', expiresAt: '' };
  const decisions = new DecisionMaker({ store, fold: networkFold, snapshotEvery: SNAPSHOT_EVERY, later: setImmediate });
  const enrolled = await inParallel(nodes, DECIDING_AT_ONCE, async (node) => {
    const commandId = randomUUID();
    const meta = { commandId, actor: `key/${keyId}`, at: new Date().toISOString(), nodeId: uuidv7() };
    const command = { ...meta, ...node.request, keyId, secretHash: secretHash(secret) };
    const { answer } = await decisions.execute<NodeView>(id, {
      commandId,
      fingerprint: commandId,
      decide: (state) => decideEnrolNode(command, state),
    });
    const { nodeId, name, addresses, version } = answer;
    return {
      ...node,
      answer: { nodeId, network: networkName, name, addresses, controllerKey, ca: null, nats, version },
    };
  });
  const { state } = await decisions.current(id);
  return { nodes: enrolled, state };
}

/** Lets the nodes follow, each with what it would have on its disk: the state of the log. */
export function addFromDisk(fleet: Fleet, { nodes, state }: SeededNetwork): void {
  if (!isLive(state)) throw new Error('the network is gone');
  const templates = new Map<string, SimulatedAgent>();
  for (const enrolled of nodes) {
    const { nodeId, name } = enrolled.answer;
    const node = state.nodes.get(nodeId);
    if (!node) throw new Error(`${name} is not in the log`);
    // All nodes of a site see the same peers, and so do all that have no site.
    const key = String(node.site);
    let template = templates.get(key);
    if (!template) {
      template = new SimulatedAgent(fleet.book);
      template.recall({ epoch: 0, revision: 0 }, { resources: seenFrom(state, node.site) });
      templates.set(key, template);
    }
    const without = fleet.book.named(`peer/${nodeId}`).map(({ resource }) => resource);
    fleet.add(enrolled, { like: template, without, resources: ownResources(state, node) });
  }
}

/** Every node as a peer. Two look, since none sees itself. */
function seenFrom(state: NetworkState, site: string | null): Resource[] {
  const lookers = [...state.nodes.values()].filter((node) => node.site === site).slice(0, 2);
  const seen = lookers.flatMap(({ nodeId }) => planNode(state, nodeId)).filter((each) => 'publicKey' in each);
  return [...new Map(seen.map((peer) => [peer.name, peer])).values()];
}
