import { sha256Hex } from '#contracts/canonical.js';
import type { IngestResult } from '#contracts/sources.js';
import type { Random } from '../simulation/random.js';
import type { LiveMesh } from '../support/live-mesh.js';
import type { SimulatedNode } from '../support/simulated-node.js';
import type { SourceClient } from './source-client.js';

type Step = (load: SourceLoad) => Promise<unknown>;

const WEIGHTED: [number, Step][] = [
  [4, (load) => load.label()],
  [1, (load) => load.ofNode('node.disable')],
  [1, (load) => load.ofNode('node.enable')],
  [1, (load) => load.retire()],
  [3, (load) => load.report()],
  [1, (load) => load.offer()],
  [2, (load) => load.again()],
];
const STEPS = WEIGHTED.flatMap(([weight, step]) => Array<Step>(weight).fill(step));

/** What another system makes happen in a network, one command after the other, as its seed says. */
export class SourceLoad {
  #count = 0;

  constructor(
    private readonly mesh: LiveMesh,
    private readonly source: SourceClient,
    private readonly random: Random,
  ) {}

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await STEPS[this.#below(STEPS.length)]?.(this);
  }

  label(): Promise<unknown> {
    return this.ofNode('node.labels', { labels: { seen: `s${++this.#count}` } });
  }

  async ofNode(type: 'node.labels' | 'node.disable' | 'node.enable', more: object = {}): Promise<unknown> {
    const node = this.#node();
    return node && this.#send({ type, data: { node: node.name, ...more } });
  }

  async retire(): Promise<void> {
    const node = this.#node();
    if (!node || this.mesh.nodes.length < 4) return;
    // Nobody else picks it, and it need not hold what is planned for it any more.
    this.mesh.nodes.splice(this.mesh.nodes.indexOf(node), 1);
    const { outcome } = await this.#send({ type: 'node.retire', data: { node: node.name } });
    if (outcome === 'rejected') this.mesh.nodes.push(node);
    else await node.close();
  }

  /** One of two clusters, as it might be now. */
  report(): Promise<unknown> {
    const n = this.#below(2);
    const members = [this.#node(), this.#node()].flatMap((node, i) =>
      node ? [{ node: node.name, pods: [`10.${230 + n}.${i}.0/24`] }] : [],
    );
    return this.#send({
      type: 'cluster.report',
      data: { cluster: `reported-${n}`, pods: [`10.${230 + n}.0.0/16`], members },
    });
  }

  offer(): Promise<unknown> {
    return this.#send({ type: 'node.offer', data: { secretHash: sha256Hex(String(this.random.next())) } });
  }

  again(): Promise<unknown> {
    return this.source.sendAgain(this.random.next());
  }

  async #send(command: Parameters<SourceClient['send']>[0]): Promise<IngestResult> {
    const result = await this.source.send(command);
    if (result.code === 'malformed' || result.code === 'failed' || result.code === 'invalid')
      throw new Error(`${JSON.stringify(command)}: ${JSON.stringify(result)}`);
    return result;
  }

  #node(): SimulatedNode | undefined {
    return this.mesh.nodes[this.#below(this.mesh.nodes.length)];
  }

  #below(end: number): number {
    return Math.floor(this.random.next() * end);
  }
}
