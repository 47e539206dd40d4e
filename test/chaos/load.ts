import { canonicalJson, sha256Hex } from '#contracts/canonical.js';
import type { Random } from '../simulation/random.js';
import type { LiveMesh } from '../support/live-mesh.js';
import type { Answer, PatientClient } from '../support/patient-client.js';
import { until } from '../support/wait.js';

/** A write that was sent until somebody answered it. */
export interface Settled {
  commandId: string;
  what: string;
  status: number;
  /** Versions of the facts that it made, where the answer names them. */
  versions?: readonly number[];
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
  [1, (load) => load.unlink()],
  [2, (load) => load.setRelay()],
  [2, (load) => load.assignRelay()],
  [1, (load) => load.ofRelay('DELETE')],
  [1, (load) => load.rotate()],
  [1, (load) => load.set()],
];
const STEPS = WEIGHTED.flatMap(([weight, step]) => Array<Step>(weight).fill(step));

interface Named {
  name: string;
}

/** What became of every write of all clients. */
export class Book {
  readonly settled: Settled[] = [];
  /** Nodes that were told they had joined, and were not told to leave. */
  readonly joined: string[] = [];
  readonly gateways: { name: string; kind: 'egress' | 'ingress' }[] = [];
  readonly links: string[] = [];
  readonly relays: string[] = [];
}

export interface LoadOptions {
  mesh: LiveMesh;
  /** Asks one or another registry. */
  client: PatientClient;
  book: Book;
  /** Real members of the network, which stay: they alone are gateways, relays and the like. None: all nodes are simulated. */
  real?: readonly Named[];
  /** Tells its names from those of other clients. */
  name: string;
  random: Random;
}

/** One client that makes a network busy through the API, one write after the other, as its seed says. */
export class Load {
  #count = 0;

  constructor(private readonly options: LoadOptions) {}

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#pick(STEPS)(this);
  }

  mark(): string {
    return `${this.options.name}${++this.#count}`;
  }

  range(): string {
    return `10.${this.#below(200)}.${this.#below(250)}.0/24`;
  }

  async join(): Promise<void> {
    const node = await this.options.mesh.enter(`n${this.mark()}`);
    this.options.book.joined.push(node.name);
  }

  async leave(): Promise<void> {
    const { mesh, real = [] } = this.options;
    const node = this.#pick(mesh.nodes);
    if (!node || mesh.nodes.length + real.length < 4) return;
    // Nobody else picks it, and it need not hold what is planned for it any more.
    mesh.nodes.splice(mesh.nodes.indexOf(node), 1);
    const { status } = await this.#write('DELETE', `nodes/${node.name}`);
    if (status === 204) await node.close();
    else mesh.nodes.push(node);
  }

  /** At the end all real members take part, whatever was done to them. */
  async enableReal(): Promise<void> {
    for (const { name } of this.options.real ?? []) await this.#write('POST', `nodes/${name}/enable`);
  }

  async ofNode(method: string, rest: string, body?: object): Promise<void> {
    const node = this.#node();
    if (node) await this.#write(method, `nodes/${node.name}${rest}`, body);
  }

  async createGateway(): Promise<void> {
    const node = this.#node();
    if (!node) return;
    const kind = this.options.random.chance(0.5) ? 'ingress' : 'egress';
    const nodes = [...new Set([node.name, this.#node()?.name ?? node.name])];
    const name = `g${this.mark()}`;
    const ranges = kind === 'egress' ? { ranges: [this.range()] } : {};
    const { status } = await this.#write('POST', 'gateways', { name, kind, nodes, ...ranges });
    if (status === 201) this.options.book.gateways.push({ name, kind });
  }

  async ofGateway(method: string, body?: object): Promise<void> {
    const gateway = this.#pick(this.options.book.gateways);
    if (gateway) await this.#write(method, `gateways/${gateway.name}`, body);
  }

  async createClient(): Promise<void> {
    const gateway = this.#pick(this.options.book.gateways.filter(({ kind }) => kind === 'ingress'));
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
    const { status, body } = await this.#write('POST', 'cluster-links', { a: names[0], b: names[1] });
    if (status === 201) this.options.book.links.push((body as { linkId: string }).linkId);
  }

  async unlink(): Promise<void> {
    const link = this.#pick(this.options.book.links);
    if (link) await this.#write('DELETE', `cluster-links/${link}`);
  }

  async setRelay(): Promise<void> {
    const node = this.#node();
    if (!node) return;
    const capacity = this.options.random.chance(0.3) ? 1 + this.#below(3) : 100;
    const { status } = await this.#write('PUT', `relays/${node.name}`, { capacity });
    const { relays } = this.options.book;
    if (status === 200 && !relays.includes(node.name)) relays.push(node.name);
  }

  async ofRelay(method: string, rest = '', body?: object): Promise<void> {
    const relay = this.#pick(this.options.book.relays);
    if (relay) await this.#write(method, `relays/${relay}${rest}`, body);
  }

  async assignRelay(): Promise<void> {
    const node = this.#node();
    const relay = this.options.random.chance(0.7) ? (this.#pick(this.options.book.relays) ?? null) : null;
    if (node) await this.#write('PUT', `relays/${node.name}/assignment`, { relay });
  }

  /** The node offers its new key until somebody says yes or no; it may not have been asked, and may have left. A real one does so itself. */
  async rotate(): Promise<void> {
    const picked = this.#node();
    if (!picked || (await this.#write('POST', `nodes/${picked.name}/rotate-key`, {})).status !== 202) return;
    const node = this.options.mesh.nodes.find((each) => each === picked);
    if (!node) return;
    const offered = () =>
      node.offerKey(this.options.mesh.plane.http).then(
        () => true,
        (error: Error) => /: 4\d\d /.test(error.message),
      );
    await until(`${node.name} to offer its key`, offered, 60_000);
  }

  /** Of the network; what all are denied they are soon allowed again. */
  async set(): Promise<void> {
    const mtu = 1280 + this.#below(200);
    await this.#write('PATCH', '', this.#pick([{ mtu }, { keepalive: this.#below(60) }, { defaultPolicy: 'deny' }]));
    await this.#write('PATCH', '', { defaultPolicy: 'allow' });
  }

  /** Sends it until it is answered; now and then twice at once, as an impatient client or a bad network does. */
  async #write(method: string, rest: string, body?: object): Promise<Answer> {
    const path = this.options.mesh.path(rest);
    const key = `load-${this.mark()}`;
    const commandId = sha256Hex(canonicalJson(['token/admin', `${method} /api/v1${path}`, key]));
    const times = this.options.random.chance(0.15) ? 2 : 1;
    const send = () => this.options.client.ask<{ code?: string }>(method, path, body, key);
    const answers = await Promise.all(Array.from({ length: times }, send));
    // What is refused leaves nothing behind: a moment later it may be done.
    const done = answers.filter(({ status }) => status < 300);
    const [first] = (done.length > 0 ? done : answers) as [(typeof answers)[0]];
    const { status } = first;
    const what = `${method} ${rest} ${status} ${first.body?.code ?? ''}`;
    if (done.some((other) => other.status !== status)) throw new Error(`${what}: answered in two ways`);
    this.options.book.settled.push({ commandId, what, status });
    if (status === 500 || status === 400) throw new Error(`${what}: ${JSON.stringify(first.body)}`);
    return first;
  }

  #node(): Named | undefined {
    return this.#pick<Named>(this.options.real ?? this.options.mesh.nodes);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  #below(end: number): number {
    return Math.floor(this.options.random.next() * end);
  }
}
