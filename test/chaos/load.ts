import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import type { Random } from '../simulation/random.js';
import type { LiveMesh } from '../support/live-mesh.js';
import type { SimulatedNode } from '../support/simulated-node.js';

/** A write that was sent until somebody answered it. */
export interface Settled {
  commandId: string;
  what: string;
  status: number;
}

type Step = (load: Load) => Promise<void>;

const WEIGHTED: [number, Step][] = [
  [4, (load) => load.join()],
  [1, (load) => load.leave()],
  [4, (load) => load.ofNode('PATCH', '', { labels: { mark: load.mark() } })],
  [1, (load) => load.ofNode('POST', '/disable')],
  [1, (load) => load.ofNode('POST', '/enable')],
  [2, (load) => load.createGateway()],
  [2, (load) => load.ofGateway('PATCH', { ranges: [load.range()] })],
  [1, (load) => load.ofGateway('DELETE')],
  [2, (load) => load.createClient()],
  [1, (load) => load.link()],
];
const STEPS = WEIGHTED.flatMap(([weight, step]) => Array<Step>(weight).fill(step));

/** What became of every write of all clients. */
export class Book {
  readonly settled: Settled[] = [];
  /** Nodes that were told they had joined, and were not told to leave. */
  readonly joined: string[] = [];
  readonly gateways: { name: string; kind: 'egress' | 'ingress' }[] = [];
}

/** One client that makes a network busy through the API, one write after the other, as its seed says. */
export class Load {
  #count = 0;

  constructor(
    readonly mesh: LiveMesh,
    private readonly book: Book,
    /** Tells its names from those of other clients. */
    private readonly client: string,
    private readonly random: Random,
  ) {}

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#pick(STEPS)(this);
  }

  mark(): string {
    return `${this.client}${++this.#count}`;
  }

  range(): string {
    return `10.${this.#below(200)}.${this.#below(250)}.0/24`;
  }

  async join(): Promise<void> {
    const node = await this.mesh.enter(`n${this.mark()}`);
    this.book.joined.push(node.name);
  }

  async leave(): Promise<void> {
    const node = this.#node();
    if (!node || this.mesh.nodes.length < 4) return;
    // Nobody else picks it, and it need not hold what is planned for it any more.
    this.mesh.nodes.splice(this.mesh.nodes.indexOf(node), 1);
    const status = await this.#write('DELETE', `nodes/${node.name}`);
    if (status === 204) await node.close();
    else this.mesh.nodes.push(node);
  }

  async ofNode(method: string, rest: string, body?: object): Promise<void> {
    const node = this.#node();
    if (node) await this.#write(method, `nodes/${node.name}${rest}`, body);
  }

  async createGateway(): Promise<void> {
    const node = this.#node();
    if (!node) return;
    const kind = this.random.chance(0.5) ? 'ingress' : 'egress';
    const name = `g${this.mark()}`;
    const ranges = kind === 'egress' ? { ranges: [this.range()] } : {};
    if ((await this.#write('POST', 'gateways', { name, kind, nodes: [node.name], ...ranges })) === 201)
      this.book.gateways.push({ name, kind });
  }

  async ofGateway(method: string, body?: object): Promise<void> {
    const gateway = this.#pick(this.book.gateways);
    if (gateway) await this.#write(method, `gateways/${gateway.name}`, body);
  }

  async createClient(): Promise<void> {
    const gateway = this.#pick(this.book.gateways.filter(({ kind }) => kind === 'ingress'));
    const bytes = Buffer.from(Array.from({ length: 32 }, () => this.#below(256)));
    const body = { name: `c${this.mark()}`, publicKey: bytes.toString('base64'), gateway: gateway?.name ?? 'none' };
    await this.#write('POST', 'clients', body);
  }

  /** Two clusters, each of one node, which may overlap. */
  async link(): Promise<void> {
    const pair = [this.#node(), this.#node()];
    const names: string[] = [];
    for (const node of pair) {
      const name = `k${this.mark()}`;
      const members = node ? [{ node: node.name }] : [];
      await this.#write('POST', 'clusters', { name, pods: [`10.${200 + this.#below(3)}.0.0/16`], members });
      names.push(name);
    }
    await this.#write('POST', 'cluster-links', { a: names[0], b: names[1] });
  }

  /** Sends it until it is answered; now and then twice at once, as an impatient client or a bad network does. */
  async #write(method: string, rest: string, body?: object): Promise<number> {
    const path = this.mesh.path(rest);
    const key = `load-${this.mark()}`;
    const commandId = sha256Hex(canonicalJson(['token/admin', `${method} /api/v1${path}`, key]));
    const times = this.random.chance(0.15) ? 2 : 1;
    const send = () => this.mesh.client.ask<{ code?: string }>(method, path, body, key);
    const answers = await Promise.all(Array.from({ length: times }, send));
    const [{ status, body: answer }] = answers as [(typeof answers)[0]];
    const what = `${method} ${rest} ${status} ${answer?.code ?? ''}`;
    if (answers.some((other) => other.status !== status)) throw new Error(`${what}: answered in two ways`);
    this.book.settled.push({ commandId, what, status });
    if (status === 500 || status === 400) throw new Error(`${what}: ${JSON.stringify(answer)}`);
    return status;
  }

  #node(): SimulatedNode | undefined {
    return this.#pick(this.mesh.nodes);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  #below(end: number): number {
    return Math.floor(this.random.next() * end);
  }
}
