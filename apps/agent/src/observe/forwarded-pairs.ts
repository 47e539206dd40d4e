import { type ChildProcess, spawn } from 'node:child_process';
import { runTool, SYSTEM_PATH } from '#wireguard/linux/run-tool.js';

const REMEMBERED_S = 30;

/**
 * Between whom a relay forwarded lately, counted by nftables. The table belongs to the nft process that made it, which
 * ends with this one: nothing is left behind, however the agent ends.
 */
export class ForwardedPairs {
  #owner: ChildProcess | undefined;

  constructor(private readonly interfaceName: string) {}

  /** Counts, or stops counting. */
  set(isRelay: boolean): void {
    if (isRelay === (this.#owner !== undefined)) return;
    if (!isRelay) return this.stop();
    const owner = spawn('nft', ['-i'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    });
    this.#owner = owner;
    owner.on('error', () => (this.#owner = undefined));
    owner.on('exit', () => (this.#owner = this.#owner === owner ? undefined : this.#owner));
    owner.stdin?.on('error', () => undefined);
    owner.stdin?.write(this.#rules());
  }

  /** Pairs of addresses, from and to. Empty where nothing is counted. */
  async read(): Promise<[string, string][]> {
    if (!this.#owner) return [];
    const lists = await Promise.all(['pairs4', 'pairs6'].map((name) => this.#list(name)));
    return lists.flat();
  }

  stop(): void {
    this.#owner?.stdin?.end();
    this.#owner = undefined;
  }

  get #table(): string {
    return `tombolo_seen_${this.interfaceName}`;
  }

  /** nft reads line by line. */
  #rules(): string {
    const table = `inet ${this.#table}`;
    const set = (name: string, type: string) =>
      `add set ${table} ${name} { type ${type} . ${type}; flags dynamic,timeout; timeout ${REMEMBERED_S}s; size 4096; }`;
    const through = `iifname "${this.interfaceName}" oifname "${this.interfaceName}"`;
    return [
      `add table ${table} { flags owner; }`,
      set('pairs4', 'ipv4_addr'),
      set('pairs6', 'ipv6_addr'),
      `add chain ${table} seen { type filter hook forward priority filter + 10; }`,
      `add rule ${table} seen ${through} update @pairs4 { ip saddr . ip daddr }`,
      `add rule ${table} seen ${through} update @pairs6 { ip6 saddr . ip6 daddr }`,
      '',
    ].join('\n');
  }

  async #list(name: string): Promise<[string, string][]> {
    try {
      const text = await runTool('nft', ['-j', 'list', 'set', 'inet', this.#table, name]);
      return readPairs(text);
    } catch {
      return [];
    }
  }
}

interface Listed {
  set?: { elem?: { elem?: { val?: { concat?: unknown[] } } }[] };
}

/** From `nft -j list set` of concatenated addresses with timeouts. */
export function readPairs(text: string): [string, string][] {
  const { nftables } = JSON.parse(text) as { nftables: Listed[] };
  return nftables.flatMap(({ set }) =>
    (set?.elem ?? []).flatMap(({ elem }): [string, string][] => {
      const [from, to] = elem?.val?.concat ?? [];
      return typeof from === 'string' && typeof to === 'string' ? [[from, to]] : [];
    }),
  );
}
