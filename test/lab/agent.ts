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
  digest: string;
  drift: unknown;
  peers: { name: string; handshakeAge: number | null }[];
}

/** A real agent on a host of the lab, with its state directory. */
export class Agent {
  private process: LabProcess | undefined;

  constructor(
    readonly name: string,
    readonly host: Host,
    private readonly stateDirectory: string,
  ) {}

  /** Joins with an enrolment token and keeps running. */
  up(token: string): void {
    this.process = this.spawn('up', '--token', token, '--name', this.name);
  }

  /** Runs as the node it became. */
  run(): void {
    this.process = this.spawn('run');
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.process?.stop(signal);
  }

  /** Leaves the network; nothing of it may stay. */
  async leave(): Promise<void> {
    await this.command('leave');
  }

  async status(): Promise<AgentStatus> {
    return JSON.parse(await this.command('status', '-o', 'json')) as AgentStatus;
  }

  /** @throws Error that quotes what the agent printed, when it has ended */
  mustRun(): void {
    this.process?.mustRun();
  }

  /** Waits for what the agent is to bring about; fails at once, with what it printed, when it ends. */
  waitFor<T>(what: string, look: () => Promise<T>, timeout = 30_000) {
    return waitFor(look, { what: `${what} on ${this.name}`, timeout }).catch((error: Error) => {
      throw new Error(`${error.message}\nThe agent printed:\n${this.process?.printed.slice(-3000)}`);
    });
  }

  private spawn(command: string, ...args: string[]): LabProcess {
    return this.host.spawn('node', [PROGRAM, command, '--state', this.stateDirectory, ...args]);
  }

  private command(command: string, ...args: string[]): Promise<string> {
    return this.host.run('node', [PROGRAM, command, '--state', this.stateDirectory, ...args]);
  }
}
