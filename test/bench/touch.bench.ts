import { parseArgs } from 'node:util';
import { LiveMeter } from './mesh/live-meter.js';
import { Mesh } from './mesh/mesh.js';
import { PortMoves } from './mesh/port-moves.js';
import type { TouchResult } from './scale-results.js';
import { summary } from './summary.js';
import { until } from '../support/wait.js';

/**
 * Changes that concern one node of many, or two, or none: how many messages each makes, to how many nodes. JSON on standard output.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1000' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
const TIMES = values.quick ? 2 : 10;

const say = (text: string) => console.error(`touch, ${nodes} nodes: ${text}`);

interface Change {
  what: string;
  /** The `n`th of its kind. */
  make(n: number): Promise<unknown>;
}

async function measure(): Promise<TouchResult> {
  const mesh = await Mesh.open(nodes, { ownConnections: false });
  try {
    say('they join');
    await mesh.seed(nodes);
    const changes: TouchResult['changes'] = [];
    const all = await changesOf(mesh);
    for (const change of all) {
      say(change.what);
      changes.push(await measureChange(mesh, change));
    }
    return { nodes, changes };
  } finally {
    await mesh.close();
  }
}

async function changesOf(mesh: Mesh): Promise<Change[]> {
  const { plane, nodes: members } = mesh;
  const moves = new PortMoves(mesh);
  const network = `/networks/${plane.network.name}`;
  const name = (n: number) => members[n % members.length]!.request.name;
  await plane.ask('POST', `${network}/gateways`, {
    name: 'office',
    kind: 'egress',
    nodes: [name(0)],
    ranges: ['10.200.0.0/16'],
    masquerade: true,
  });
  // All are told of it, once the gateway-manager has found a member that serves.
  const isActive = async () =>
    (await plane.ask<{ active: unknown }>('GET', `${network}/gateways/office`)).active !== null;
  await until('the gateway to serve', isActive);
  const patch = (path: string, body: unknown) => plane.ask('PATCH', `${network}${path}`, body);
  return [
    { what: "a node's label", make: (n) => patch(`/nodes/${name(n)}`, { labels: { turn: String(n) } }) },
    { what: 'a node moves to another port', make: () => moves.move() },
    {
      what: 'how the traffic of a gateway leaves it (masquerade)',
      make: (n) => patch('/gateways/office', { masquerade: n % 2 === 1 }),
    },
    {
      what: 'a new key is asked of a node',
      make: (n) => plane.ask('POST', `${network}/nodes/${name(n)}/rotate-key`, {}),
    },
  ];
}

async function measureChange(mesh: Mesh, { what, make }: Change): Promise<TouchResult['changes'][number]> {
  const { fleet, observer, plane } = mesh;
  let recipients = 0;
  const times: number[] = [];
  const meter = await LiveMeter.open(observer);
  for (let n = 0; n < TIMES; n++) {
    await mesh.settled();
    const published = () => plane.metric('tombolo_planner_batch_facts_sum');
    const before = await published();
    let told: number | undefined;
    fleet.onTaken = () => {
      recipients += 1;
      told = performance.now();
    };
    const sent = performance.now();
    await make(n);
    // One fact each. What nobody is told of is done as soon as the planner has looked at it.
    await until('the planner to have looked at it', async () => (await published()) > before);
    await mesh.settled();
    if (told !== undefined) times.push(told - sent);
  }
  await observer.check();
  meter.stop();
  const each = (sum: number) => sum / TIMES;
  return { what, messages: each(meter.delivered.messages), recipients: each(recipients), ms: summary(times) };
}

console.log(JSON.stringify(await measure(), null, 2));
