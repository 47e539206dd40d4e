import { setTimeout as sleep } from 'node:timers/promises';
import { INTERFACE } from '../lab/agent.js';
import type { Random } from '../simulation/random.js';
import { type Fault, spoil, type Struck } from './faults.js';
import type { RealMachine } from './real-machine.js';
import type { RealMesh } from './real-mesh.js';

export interface RealStruck extends Struck {
  real: RealMesh;
}

type OfMachine = (machine: RealMachine, random: Random) => Promise<void>;

/** What may happen to real agents, and how often compared with the others. Each resolves when what it did by itself is over. */
export const REAL_FAULTS: readonly Fault<RealStruck>[] = [
  one('a real agent is killed', 3, (machine) => down(machine, () => machine.kill(), 0)),
  one('a real agent is away', 2, (machine, random) => down(machine, () => machine.kill(), random.between(500, 4_000))),
  one('a real agent is paused', 3, async ({ agent }, random) => {
    agent.signal('SIGSTOP');
    await sleep(random.between(300, 5_000));
    agent.signal('SIGCONT');
  }),
  one('a real agent is cut off from the control plane', 3, async (machine, random) => {
    await machine.closeWay();
    await sleep(random.between(500, 5_000));
    await machine.openWay();
  }),
  one('a real agent hears nothing for a while', 2, async (machine, random) => {
    machine.hangWay();
    await sleep(random.between(500, 5_000));
    machine.wayGoesOn();
  }),
  one('a machine loses its power', 1, (machine, random) =>
    down(machine, () => machine.crash(), random.between(0, 3_000)),
  ),
  one('an interface is deleted', 1, async ({ host }) => void (await host.attempt('ip', ['link', 'delete', INTERFACE]))),
  [
    'real agents are cut off from all brokers but one',
    1,
    (struck) => spoil(struck, { party: 'real agents', how: 'cut', spare: 1 }),
  ],
  [
    'messages of real agents come late and twice',
    2,
    (struck) => spoil(struck, { party: 'real agents', how: 'slow', spare: 0 }),
  ],
];

function one(name: string, weight: number, happen: OfMachine): Fault<RealStruck> {
  return [
    name,
    weight,
    ({ real: { machines }, random }) => happen(machines[Math.floor(random.next() * machines.length)]!, random),
  ];
}

async function down(machine: RealMachine, end: () => Promise<void>, awayMs: number): Promise<void> {
  await end();
  await sleep(awayMs);
  await machine.openWay();
  machine.start();
}
