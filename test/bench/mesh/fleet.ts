import type { NodeMessage } from '#contracts/node-stream.js';
import {
  type AgentConnection,
  type AgentFollowOptions,
  type AgentReport,
  connectAgent,
  SharedAgents,
} from '#messaging/agent-connection.js';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { SealOpener } from '#messaging/node-seal.js';
import { ReportSigner } from '#messaging/report-proof.js';
import type { Trust } from '#messaging/trust.js';
import { Reports } from '../../../apps/agent/src/follow/reports.js';
import type { Agents, AgentsState } from './agents.js';
import { Arrivals } from './arrivals.js';
import type { EnrolledNode } from './mesh-node.js';
import { ResourceBook } from './resource-book.js';
import { type Disk, SimulatedAgent } from './simulated-agent.js';

/** How the agents reach the broker: each with a connection and a login of its own, or many over one service's. */
export type Lines = { kind: 'own' } | { kind: 'shared'; urls: string[]; trust: Trust; connections: number };

interface Member {
  agent: SimulatedAgent;
  reports: Reports;
  send(report: AgentReport): void;
  isLevel(): boolean;
  isWaiting: boolean;
}

/**
 * Agents without a kernel. They follow, open, verify and fold what the controller sealed for them, and report and
 * send heartbeats when real ones do.
 */
export class Fleet implements Agents {
  readonly book = new ResourceBook();
  readonly arrivals = new Arrivals();
  /** Called for every message that an agent took, with its number and the log version that it holds now. */
  onTaken: (agent: number, logVersion: number) => void = () => {};
  readonly #members: Member[] = [];
  readonly #own: AgentConnection[] = [];
  readonly #shared: { connection: ServiceConnection; agents: SharedAgents }[] = [];
  #reportsToCome = 0;

  constructor(private readonly lines: Lines) {}

  async open(): Promise<void> {
    if (this.lines.kind === 'own') return;
    const { urls, trust, connections } = this.lines;
    for (let n = 0; n < connections; n++) {
      const connection = await connectService({ urls, creds: trust.serviceCredentials, name: `bench-${n}` });
      this.#shared.push({ connection, agents: new SharedAgents(connection) });
    }
  }

  get size(): number {
    return this.#members.length;
  }

  async state(): Promise<AgentsState> {
    return {
      isLevel: this.isLevel,
      reportsToCome: this.#reportsToCome,
      fewestPeers: this.#members.reduce((fewest, { agent }) => Math.min(fewest, agent.peers), Infinity),
      mostPeers: this.#members.reduce((most, { agent }) => Math.max(most, agent.peers), 0),
      missing: this.arrivals.missing,
    };
  }

  get isLevel(): boolean {
    return this.#members.every(({ isLevel, agent }) => agent.position !== undefined && isLevel());
  }

  async expect(peer: string): Promise<{ held: Promise<number> }> {
    return { held: this.arrivals.of(peer, this.size) };
  }

  async collect(): Promise<void> {
    globalThis.gc?.({ type: 'minor' });
  }

  /** Lets a node follow, from what it has on its disk if that is given. */
  add(node: EnrolledNode, disk?: Disk): SimulatedAgent {
    const index = this.#members.length;
    const { nodeId, controllerKey } = node.answer;
    const agent = new SimulatedAgent(this.book, (resource) => this.arrivals.note(index, resource));
    if (disk) agent.recall({ epoch: 0, revision: 0 }, disk);
    const keys = { privateKey: node.controlPrivateKey, controllerKey };
    const opener = new SealOpener(nodeId, keys);
    const signer = new ReportSigner(nodeId, keys, Date.now());
    const reports = new Reports({
      send: (report) => this.#send(index, send, report),
      heartbeat: () => ({ ...held(agent), agentVersion: '0.1.0', backend: 'none', peers: agent.peers, repairs: 0 }),
      peers: () => agent.peers,
      isHasty: false,
    });
    const follow: AgentFollowOptions = {
      opener,
      held: () => agent.position,
      onMessage: (message) => this.#take(index, message),
    };
    const { send, isLevel } =
      this.lines.kind === 'own' ? this.#connect(node, { follow, reports, signer }) : this.#share(index, follow, signer);
    this.#members.push({ agent, reports, send, isLevel, isWaiting: false });
    if (this.lines.kind === 'shared') reports.connected();
    return agent;
  }

  /** What an agent that had a kernel would have seen. */
  tell(agent: number, report: AgentReport): void {
    this.#members[agent]?.send(report);
  }

  async close(): Promise<void> {
    for (const { reports } of this.#members) reports.stop();
    await Promise.all(this.#own.map((connection) => connection.close()));
    for (const { agents } of this.#shared) agents.stop();
    await Promise.all(this.#shared.map(({ connection }) => connection.close()));
  }

  #connect(
    node: EnrolledNode,
    { follow, reports, signer }: { follow: AgentFollowOptions; reports: Reports; signer: ReportSigner },
  ) {
    const { nats } = node.answer;
    const connection = connectAgent({
      urls: nats.urls,
      jwt: nats.jwt,
      signer,
      nkeySeed: node.natsSeed ?? '',
      onStatus: (status) => {
        if (status === 'connected') reports.connected();
      },
    });
    this.#own.push(connection);
    const following = connection.follow(follow);
    return {
      send: (report: AgentReport) => connection.report(report),
      isLevel: () => connection.status === 'connected' && following.level,
    };
  }

  #share(index: number, follow: AgentFollowOptions, signer: ReportSigner) {
    const line = this.#shared[index % this.#shared.length];
    if (!line) throw new Error('open the fleet first');
    const follower = line.agents.follow(follow, signer);
    return { send: (report: AgentReport) => line.agents.report(signer.nodeId, report), isLevel: () => follower.level };
  }

  #take(index: number, message: NodeMessage) {
    const member = this.#members[index]!;
    const verdict = member.agent.onMessage(message);
    if (verdict !== 'folded') return verdict;
    this.onTaken(index, message.head.logVersion);
    if (!member.isWaiting) this.#reportsToCome += 1;
    member.isWaiting = true;
    member.reports.applied({ ...held(member.agent), tookMs: 0 }, member.agent.changedInPlace);
    return verdict;
  }

  #send(index: number, send: (report: AgentReport) => void, report: AgentReport): void {
    const member = this.#members[index];
    // A heartbeat says it, too.
    if ((report.kind === 'applied' || report.kind === 'heartbeat') && member?.isWaiting) {
      member.isWaiting = false;
      this.#reportsToCome -= 1;
    }
    send(report);
  }
}

const held = (agent: SimulatedAgent) => ({ ...(agent.position ?? { epoch: 0, revision: 0 }), digest: agent.digest });
