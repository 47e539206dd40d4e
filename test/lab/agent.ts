import { join } from 'node:path';
import { type Host } from './rig/host.js';
import { type LabProcess } from './rig/lab-process.js';
import { waitFor } from './rig/wait-for.js';

const PROGRAM = 'apps/agent/bin/tombolo-agent.mjs';
export const INTERFACE = 'tmb0';

/** What `tombolo-agent status -o json` prints, as far as the lab looks at it. */
export interface AgentStatus {
  network: string;
  node: string;
  interface: string;
  backend: string;
  revision: number;
  /** Of the set that it holds; null: none yet. */
  digest: string | null;
  /** What differs between the kernel and what it holds. */
  drift: string[];
  peers: { name: string; path: 'direct' | 'lan' | 'punched' | 'relayed'; via?: string }[];
  /** WireGuard public key. */
  publicKey: string;
  /** On offer. */
  nextKey: string | null;
  lock: { on: boolean; fingerprint: string | null; serial: number; keys: string[] } | null;
  /** What it leaves out because no operator signed it. */
  refused: { name: string; message: string }[];
  /** What it did not let through, by filter. */
  drops: { filter: string; packets: number }[];
}

export interface Joining {
  /** The agent's. */
  env?: NodeJS.ProcessEnv;
  /** What it is told; left out: it chooses. */
  listenPort?: number;
}

/** One line of `wg show tmb0 dump`. */
export interface HeldPeer {
  publicKey: string;
  endpoint: string;
  allowedIps: string[];
  /** Seconds since the epoch; 0: never. */
  handshakeAt: number;
}

/** A real agent on a host of the lab, with its state directory. */
export class Agent {
  readonly stateDirectory: string;
  private process: LabProcess | undefined;

  constructor(
    readonly name: string,
    private readonly host: Host,
    directory: string,
  ) {
    this.stateDirectory = join(directory, `${name}-state`);
  }

  /** Joins with an enrolment token and keeps running. */
  up(token: string, { env, listenPort }: Joining = {}): void {
    const port = listenPort === undefined ? [] : ['--listen-port', `${listenPort}`];
    this.process = this.host.spawn('node', this.words('up', '--token', token, '--name', this.name, ...port), env);
  }

  /** Runs as the node it became. */
  run(env?: NodeJS.ProcessEnv): void {
    this.process = this.host.spawn('node', this.words('run'), env);
  }

  get running(): boolean {
    return this.process?.running ?? false;
  }

  /** Sends a signal that does not end it: SIGSTOP and SIGCONT. */
  signal(name: NodeJS.Signals): void {
    this.process?.signal(name);
  }

  /** The last 20 kB of what it said. */
  get printed(): string {
    return this.process?.printed ?? '';
  }

  /** Sends the signal and waits for the end: SIGTERM is how a service manager stops it, SIGKILL how it crashes. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | undefined> {
    return this.process?.stop(signal);
  }

  async leave(): Promise<void> {
    await this.host.run('node', this.words('leave'));
  }

  async status(): Promise<AgentStatus> {
    return JSON.parse(await this.host.run('node', this.words('status', '-o', 'json'))) as AgentStatus;
  }

  /** How often it has told that it repaired drift, since it started. */
  get repairsTold(): number {
    return this.process?.printed.match(/"drift repaired"/g)?.length ?? 0;
  }

  /** How often it has told that it changed something, and why: drift, or a revision. */
  get changesTold(): number {
    return this.process?.printed.match(/"reasons":\["/g)?.length ?? 0;
  }

  /** What its interface holds, by `wg`. */
  async peers(): Promise<HeldPeer[]> {
    const [, ...lines] = (await this.host.run('wg', ['show', INTERFACE, 'dump'])).trim().split('\n');
    return lines.map((line) => {
      const [publicKey = '', , endpoint = '', allowedIps = '', handshakeAt = '0'] = line.split('\t');
      return { publicKey, endpoint, allowedIps: allowedIps.split(','), handshakeAt: Number(handshakeAt) };
    });
  }

  async hasPeer(publicKey: string): Promise<boolean> {
    return (await this.peers()).some((peer) => peer.publicKey === publicKey);
  }

  /** A number the kernel gives to no second interface: the same one means the same interface. */
  async interfaceIndex(): Promise<number> {
    const [found] = JSON.parse(await this.host.run('ip', ['-json', 'link', 'show', INTERFACE])) as {
      ifindex: number;
    }[];
    return found?.ifindex ?? 0;
  }

  /** The UDP port at which others call it. */
  async listenPort(): Promise<number> {
    return Number(await this.host.run('wg', ['show', INTERFACE, 'listen-port']));
  }

  /** Waits for what the agent is to bring about; a failure quotes what the agent printed. */
  async waitFor<T>(what: string, look: () => T | Promise<T>, timeout = 30_000): Promise<NonNullable<T>> {
    try {
      return await waitFor(look, { what: `${what} on ${this.name}`, timeout });
    } catch (error) {
      const printed = this.process?.printed.slice(-3000);
      throw new Error(`${(error as Error).message}\nIts agent printed:\n${printed}`, { cause: error });
    }
  }

  private words(command: string, ...rest: string[]): string[] {
    return [PROGRAM, command, '--state', this.stateDirectory, ...rest];
  }
}
