import { isLive } from '#planner/members.js';
import { choosePath } from '#planner/paths/choose-path.js';
import { arePeers } from '#planner/permitted.js';
import { planAll } from '#planner/plan-node.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { Rig } from '../lab/rig/rig.js';
import { waitForAllPairs } from '../lab/rig/reachability.js';
import { waitFor } from '../lab/rig/wait-for.js';
import { LiveMesh } from '../support/live-mesh.js';
import type { ChaosPlane } from './chaos-plane.js';
import { RealMachine } from './real-machine.js';

/**
 * A network whose members are machines in namespaces, each with the agent as it is shipped and real WireGuard; simulated nodes may
 * come and go beside them. Root alone can make it (test/support/namespaces.ts).
 */
export class RealMesh {
  private constructor(
    readonly mesh: LiveMesh,
    readonly machines: readonly RealMachine[],
    private readonly rig: Rig,
  ) {}

  /** With this many machines on a public internet of their own, which have joined and hold what they shall. */
  static async start({ plane, doors }: ChaosPlane, name: string, count: number): Promise<RealMesh> {
    const mesh = await LiveMesh.create(plane, name);
    const rig = Rig.create();
    try {
      const internet = await rig.internet();
      const machines = await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const host = await rig.host(`real-${i + 1}`);
          await internet.attach(host, `203.0.113.${i + 1}`);
          return new RealMachine(host.name, host, { directory: rig.directory, doors });
        }),
      );
      await Promise.all(machines.map((machine) => machine.join(mesh.token)));
      const real = new RealMesh(mesh, machines, rig);
      await real.level(180_000);
      return real;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  /** Waits until each machine holds what the oracle plans from the log, and its kernel shows it. */
  async level(withinMs: number): Promise<void> {
    const look = async () => {
      const state = await this.mesh.state();
      const plan = planAll(state);
      const problems = await Promise.all(
        this.#members(state).map(async ({ nodeId, publicKey }, i) => {
          const machine = this.machines[i]!;
          const found = await machine.differs(plan.get(nodeId) ?? [], publicKey);
          return found.map((problem) => `${machine.name} ${problem}`);
        }),
      );
      if (problems.flat().length > 0) throw new Error(problems.flat().join('; '));
      return true;
    };
    await waitFor(look, { what: 'every real agent to hold its plan', timeout: withinMs, every: 500 }).catch((error) =>
      this.#explain(error as Error),
    );
  }

  /** Waits until every pair has a path by plan, and all pings between them pass. */
  async reach(withinMs: number): Promise<void> {
    const members = await waitFor(() => this.#connected(), { what: 'a path for every pair', timeout: withinMs });
    const stations = this.machines.map(({ name, host }, i) => ({ name, host, addresses: [...members[i]!.addresses] }));
    await waitForAllPairs(stations, withinMs).catch((error) => this.#explain(error as Error));
  }

  /** The machines as the log knows them. @throws Error with the pairs that may not talk, or have no path */
  async #connected(): Promise<NodeState[]> {
    const state = await this.mesh.state();
    if (!isLive(state)) throw new Error(`the network ${this.mesh.name} is gone`);
    const members = this.#members(state);
    const apart = members.flatMap((a, i) =>
      members
        .slice(i + 1)
        .filter((b) => !arePeers(state, a, b) || choosePath(state, a, b).kind === 'none')
        .map((b) => `${a.name} and ${b.name}`),
    );
    if (apart.length > 0) throw new Error(`none between ${apart.join(', ')}`);
    return members;
  }

  /** In the order of the machines. @throws Error when one is not in the network */
  #members({ nodes }: NetworkState): NodeState[] {
    return this.machines.map(({ name }) => {
      const found = [...nodes.values()].find((node) => node.name === name);
      if (!found) throw new Error(`${name} is not in the network`);
      return found;
    });
  }

  async close(): Promise<void> {
    await this.mesh.close();
    await this.rig.close();
  }

  #explain(error: Error): never {
    const said = this.machines.map(({ name, agent }) => `${name} said:\n${agent.printed.slice(-2_000)}`);
    throw new Error(`${error.message}\n${said.join('\n')}`, { cause: error });
  }
}
