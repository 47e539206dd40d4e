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
const LIMIT_MS = 60_000;

const say = (text: string) => console.error(`touch, ${nodes} nodes: ${text}`);

interface Change {
  what: string;
  /** Another one of its kind each time. */
  make(): Promise<unknown>;
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
  let turn = 0;
  let masquerade = true;
  const patch = (path: string, body: unknown) => plane.ask('PATCH', `${network}${path}`, body);
  return [
    { what: "a node's label", make: () => patch(`/nodes/${name(++turn)}`, { labels: { turn: String(turn) } }) },
    { what: 'a node moves to another port', make: () => moves.move() },
    {
      what: 'how the traffic of a gateway leaves it (masquerade)',
      make: () => patch('/gateways/office', { masquerade: (masquerade = !masquerade) }),
    },
    {
      what: 'a new key is asked of a node',
      make: () => plane.ask('POST', `${network}/nodes/${name(++turn)}/rotate-key`, {}),
    },
  ];
}

async function measureChange(mesh: Mesh, { what, make }: Change): Promise<TouchResult['changes'][number]> {
  const { fleet, observer, plane } = mesh;
  const told: { messages: number; recipients: number }[] = [];
  const times: number[] = [];
  const meter = await LiveMeter.open(observer);
  while (told.length < TIMES) {
    await mesh.settled();
    const published = () => plane.metric('tombolo_planner_batch_facts_sum');
    const before = { published: await published(), messages: meter.delivered.messages, takeovers: plane.takeovers };
    let recipients = 0;
    let last: number | undefined;
    fleet.onTaken = () => {
      recipients += 1;
      last = performance.now();
    };
    const sent = performance.now();
    await make();
    // One fact each. What nobody is told of is done as soon as the planner has looked at it.
    const isSeen = async () => (await published()) > before.published || plane.takeovers !== before.takeovers;
    await until('the planner to have looked at it', isSeen, LIMIT_MS);
    await mesh.settled();
    await observer.check();
    // On a machine that does not let it renew its lease, a planner begins anew, and tells all what is right.
    if (plane.takeovers !== before.takeovers) continue;
    told.push({ messages: meter.delivered.messages - before.messages, recipients });
    if (last !== undefined) times.push(last - sent);
  }
  meter.stop();
  const mean = (of: 'messages' | 'recipients') => told.reduce((sum, each) => sum + each[of], 0) / TIMES;
  return { what, messages: mean('messages'), recipients: mean('recipients'), ms: summary(times) };
}

console.log(JSON.stringify(await measure(), null, 2));
