import type { Mesh } from './mesh.js';
import type { EnrolledNode } from './mesh-node.js';

/** A change that every other node has to be told, in one message each. */
export interface PortMove {
  /** The agent of the node that moved, to which it is no news. */
  agent: number;
  /** Of the log, with the change in it. */
  version: number;
}

const FIRST_PORT = 20_000;

/** Moves one node with a public endpoint after the other to a port that it never had. */
export class PortMoves {
  readonly #movable: { agent: number; node: EnrolledNode }[];
  #made = 0;

  constructor(private readonly mesh: Mesh) {
    this.#movable = mesh.nodes
      .map((node, agent) => ({ agent, node }))
      .filter(({ node }) => node.request.endpoints?.some(({ kind }) => kind === 'public'));
  }

  async move(): Promise<PortMove> {
    const turn = this.#made++;
    const { agent, node } = this.#movable[turn % this.#movable.length]!;
    const port = FIRST_PORT + Math.floor(turn / this.#movable.length);
    const endpoints = node.request.endpoints?.map((each) => ({ ...each, port }));
    const { plane } = this.mesh;
    const path = `/networks/${plane.network.name}/nodes/${node.answer.nodeId}`;
    const { version } = await plane.ask<{ version: number }>('PATCH', path, { endpoints });
    return { agent, version };
  }
}
