import { digestOf, formatDigest, type Resource } from '#contracts/node-stream.js';
import { desiredDevice } from '#wireguard/core/desired-device.js';
import { parseWgDump } from '#wireguard/core/parse-wg-dump.js';
import { Agent, INTERFACE } from '../lab/agent.js';
import type { Host } from '../lab/rig/host.js';
import type { LabProcess } from '../lab/rig/lab-process.js';
import { waitFor } from '../lab/rig/wait-for.js';
import type { Door } from './door.js';

const LEAD_OUT = 'test/lab/rig/programs/lead-out.mjs';

/** A machine in a namespace of its own with the agent as it is shipped, WireGuard, and one program as its way to the control plane. */
export class RealMachine {
  readonly agent: Agent;
  #way: LabProcess | undefined;
  #isDown = false;

  constructor(
    readonly name: string,
    readonly host: Host,
    private readonly surroundings: { directory: string; doors: readonly Door[] },
  ) {
    this.agent = new Agent(name, host, surroundings.directory);
  }

  /** Joins, and keeps running. */
  async join(token: string): Promise<void> {
    await this.openWay();
    this.agent.up(token);
  }

  /** The control plane can be reached, as it always is at the same addresses; unless the way is closed again meanwhile. */
  async openWay(): Promise<void> {
    if (this.#way) return;
    const words = this.surroundings.doors.map(({ port, path }) => `${port}=${path}`);
    const way = this.host.spawn('node', [LEAD_OUT, ...words]);
    this.#way = way;
    const isOpen = () => this.#way !== way || (way.mustRun(), way.printed.includes('open'));
    await waitFor(isOpen, { what: `the way out of ${this.name}`, timeout: 60_000 });
  }

  /** All its connections to the control plane end, and there are no new ones. */
  async closeWay(): Promise<void> {
    const way = this.#way;
    this.#way = undefined;
    await way?.stop('SIGKILL');
  }

  /** Nothing gets through to the control plane and back, and nobody is told: it comes when the way goes on. */
  hangWay(): void {
    this.#way?.signal('SIGSTOP');
  }

  wayGoesOn(): void {
    this.#way?.signal('SIGCONT');
  }

  /** The agent ends at once; what it made of the kernel stays. */
  async kill(): Promise<void> {
    this.mustRun();
    this.#isDown = true;
    await this.agent.stop('SIGKILL');
  }

  /** Every program of the machine ends at once, WireGuard where it is one. */
  async crash(): Promise<void> {
    this.mustRun();
    this.#isDown = true;
    await this.host.crash();
    await Promise.all([this.closeWay(), this.agent.stop('SIGKILL')]);
    // Also what somebody has just started again.
    this.#isDown = true;
  }

  /** The agent runs again, if it was ended and nobody has started it since. */
  start(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.agent.run();
  }

  /** @throws Error with its last words when the agent has ended and nobody ended it */
  mustRun(): void {
    if (!this.#isDown && !this.agent.running)
      throw new Error(`the agent of ${this.name} ended:\n${this.agent.printed}`);
  }

  /** Where it differs from its plan: by what WireGuard shows, then by the digest of what it holds and by what its agent tells. */
  async differs(resources: readonly Resource[], publicKey: string): Promise<string[]> {
    this.mustRun();
    const shown = parseWgDump(await this.host.run('wg', ['show', INTERFACE, 'dump']));
    const local = { interfaceName: INTERFACE, listenPort: shown.listenPort, publicKey, ipv6: true };
    const wanted = [...desiredDevice(resources, local).peers.values()].map((peer) => textOf(peer));
    const held = shown.peers.map((peer) => textOf(peer));
    const differences = [
      ...(shown.publicKey === publicKey ? [] : [`has the key ${shown.publicKey}, is known by ${publicKey}`]),
      ...wanted.filter((peer) => !held.includes(peer)).map((peer) => `lacks ${peer}`),
      ...held.filter((peer) => !wanted.includes(peer)).map((peer) => `has ${peer}`),
    ];
    // To ask the agent costs much more.
    if (differences.length > 0) return differences;
    const { digest, drift } = await this.agent.status();
    const planned = formatDigest(digestOf(resources));
    return digest === planned ? drift : [`holds ${digest} instead of ${planned}`];
  }
}

/** Not the endpoint: WireGuard goes by where a peer was heard last. */
function textOf({
  publicKey,
  allowedIps,
  keepalive,
}: {
  publicKey: string;
  allowedIps: readonly string[];
  keepalive: number;
}): string {
  return `peer ${publicKey} with ${allowedIps.join(' ')}, keepalive ${keepalive}`;
}
