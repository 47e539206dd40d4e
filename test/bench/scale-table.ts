import type { Machine } from './machine.js';
import { cpu, NOTHING, place, seconds, table } from './markdown.js';
import type { MemoryMb } from './mesh/memory-meter.js';
import type { Results, ScaleResults } from './results.js';
import type { Summary } from './summary.js';

/** What was to be reached at scale, and what was: the head, and a row for each that was measured. */
export function goalRows({ meshes, scale }: Results): string[][] {
  const { sustained, storm, touch, networks, million, restart, plannerRestart, reports } = scale;
  const large = meshes.filter(({ nodes }) => nodes >= 10_000);
  return [
    ['at scale', 'goal', 'measured'],
    ...large.map(({ nodes, join: { ms } }) => [
      `join → last of ${many(nodes)} agents has the peer, idle: p50 / p99 / max`,
      'p99 ≤ 1 s',
      `${ranks(ms)} ms`,
    ]),
    ...sustained.map(({ nodes, perSecond, staleness }) => [
      `${Math.round(perSecond)} changes a second for a minute, ${many(nodes)} agents: how long a change is news, p50 / p99 / max`,
      'p99 ≤ 2 s',
      `${ranks(staleness)} ms`,
    ]),
    ...storm.map(({ nodes, runs }) => [
      `the broker is killed and comes back: all of ${many(nodes)} agents have what changed meanwhile, ${runs.length} runs`,
      '≤ 5 s',
      `${runs.map(({ allLevelMs }) => seconds(allLevelMs)).join(', ')} s`,
    ]),
    ...restart.map(({ nodes, restarts }) => [
      `everything is started again, ${many(nodes)} nodes → API ready / first join published`,
      '< 3 s',
      restarts.map((each) => `${seconds(each.readyMs)} / ${seconds(each.publishedMs)}`).join(', ') + ' s',
    ]),
    ...plannerRestart.map(({ nodes, runs }) => [
      `all planners are killed, ${many(nodes)} nodes: the next change is published, ${ofBoth(runs).length} runs`,
      '< 3 s',
      `${ofBoth(runs)
        .map(({ firstToldMs }) => seconds(firstToldMs))
        .join(', ')} s`,
    ]),
    ...(million
      ? [
          [
            `start on a log of ${many(million.facts)} facts: API ready / first join published`,
            '< 5 s',
            million.starts.map((each) => `${seconds(each.readyMs)} / ${seconds(each.publishedMs)} s`).join(', '),
          ],
        ]
      : []),
    ...(networks
      ? [
          [
            `${networks.networks} networks of ${networks.nodes} nodes: join → last agent has the peer, p50 / p99 / max`,
            '',
            `${ranks(networks.join.ms)} ms`,
          ],
        ]
      : []),
    ...touch.flatMap(({ nodes, changes }) =>
      changes
        .filter(({ messages }) => messages === 1)
        .slice(0, 1)
        .map(({ what, messages }) => [`${what}, ${many(nodes)} nodes: messages`, '1', String(messages)]),
    ),
    ...reports.map(({ nodes, reportsPerNode }) => [
      `reports of links per node and 10 s, ${many(nodes)} nodes, nothing changes`,
      '≤ 1',
      String(reportsPerNode.steady),
    ]),
  ];
}

/** Everything measured at scale; markdown, as Prettier would leave it. */
export function scaleTables(results: Results): string {
  const parts = partsOf(results.scale);
  return parts.length === 0
    ? NOTHING
    : `\n${parts.map(({ rows, at }) => `${table(rows)}\n${place(at, [at])}\n`).join('\n')}\n`;
}

interface Part {
  rows: string[][];
  at: Machine;
}

function partsOf({
  sustained,
  storm,
  touch,
  networks,
  million,
  restart,
  plannerRestart,
  reports,
}: ScaleResults): Part[] {
  const parts: Part[] = [];
  for (const { nodes, changes, perSecond, staleness, cpuPerSecond, memory, machine } of sustained)
    parts.push({
      at: machine,
      rows: [
        [`${many(changes)} changes, each of which concerns all of ${many(nodes)} agents`, ''],
        ['sent', `${perSecond} /s`],
        ['a change is news to an agent for: p50 / p99 / max', `${ranks(staleness)} ms`],
        ['CPU per second: services / PostgreSQL / NATS / generator', `${cpu(cpuPerSecond)} ms`],
        [MEMORY('at the start'), megabytes(memory.start)],
        [MEMORY('in the middle'), megabytes(memory.middle)],
        [MEMORY('at the end'), megabytes(memory.end)],
      ],
    });
  for (const { nodes, runs, machine } of storm)
    parts.push({
      at: machine,
      rows: [
        [`the broker of ${many(nodes)} agents is killed`, ...runs.map((_, n) => `run ${n + 1}`)],
        ['it listens again after', ...runs.map(({ brokerAwayMs }) => `${brokerAwayMs} ms`)],
        [
          'from then on, until an agent has what changed meanwhile: p50 / p99 / max',
          ...runs.map(({ consistentMs }) => `${ranks(consistentMs)} ms`),
        ],
        ['until all are connected and level', ...runs.map(({ allLevelMs }) => `${allLevelMs} ms`)],
        ['CPU: services / PostgreSQL / NATS / generator', ...runs.map(({ cpuSeconds }) => `${cpu(cpuSeconds)} ms`)],
      ],
    });
  for (const { nodes, changes, machine } of touch)
    parts.push({
      at: machine,
      rows: [
        [`one change among ${many(nodes)} nodes`, 'messages', 'recipients', 'p50 / p99 / max'],
        ...changes.map(({ what, messages, recipients, ms }) => [
          what,
          String(messages),
          String(recipients),
          messages > 0 ? `${ranks(ms)} ms` : '–',
        ]),
      ],
    });
  if (networks) {
    const { join, burst, memory } = networks;
    parts.push({
      at: networks.machine,
      rows: [
        [`${networks.networks} networks of ${networks.nodes} nodes`, ''],
        ['start → API ready / all networks planned for', `${networks.readyMs} / ${networks.publishingForAllMs} ms`],
        [`${join.joins} joins, each into another network: p50 / p99 / max`, `${ranks(join.ms)} ms`],
        ['messages per join', String(join.messagesPerJoin)],
        ['CPU per join: services / PostgreSQL / NATS / generator', `${cpu(join.cpuSecondsPerJoin)} ms`],
        [`${burst.joins} joins at once, one into each → all agents have all`, `${burst.seconds} s`],
        [MEMORY('before'), megabytes(memory.start)],
        [MEMORY('after'), megabytes(memory.end)],
      ],
    });
  }
  if (million)
    parts.push({
      at: million.machine,
      rows: [
        [`a log of ${many(million.facts)} facts, ${million.nodes} nodes`, ''],
        ['written, in batches of 2,000', `${many(million.appended)} /s`],
        ['given to a broker that has none of it', `${many(million.distributed)} /s`],
        ['verified (`tombolo log verify`)', `${many(million.verified)} /s`],
        ...million.starts.map(({ signal, readyMs, publishedMs }) => [
          `started again after ${signal} → API ready / first join published`,
          `${readyMs} / ${publishedMs} ms`,
        ]),
        [MEMORY('then'), megabytes(million.memory)],
      ],
    });
  for (const { nodes, restarts, machine } of restart)
    parts.push({
      at: machine,
      rows: [
        [
          `all of ${many(nodes)} nodes' control plane is started again after`,
          'API ready',
          'first join published',
          'all agents have it',
        ],
        ...restarts.map(({ signal, readyMs, publishedMs, allAgentsMs }) => [
          signal,
          `${readyMs} ms`,
          `${publishedMs} ms`,
          `${allAgentsMs} ms`,
        ]),
      ],
    });
  for (const { nodes, runs, machine } of plannerRestart)
    parts.push({
      at: machine,
      rows: [
        [`two planners of ${many(nodes)} nodes; killed:`, 'next change reaches the first node', 'the last'],
        ...runs.map(({ killed, firstToldMs, lastToldMs }) => [killed, `${firstToldMs} ms`, `${lastToldMs} ms`]),
      ],
    });
  for (const { nodes, peers, reportsPerNode, bytesPerReport, relayPlannerCpu, relayPlannerMb, machine } of reports)
    parts.push({
      at: machine,
      rows: [
        [`${many(nodes)} nodes that talk to ${peers} others each`, ''],
        ['reports per node and 10 s: nothing changes / just connected', Object.values(reportsPerNode).join(' / ')],
        ['bytes per report', String(bytesPerReport)],
        [
          'a relay-planner that hears them, of a processor: heartbeats alone / all have just connected / all report every 10 s',
          Object.values(relayPlannerCpu).map(percent).join(' / '),
        ],
        ['its memory', `${relayPlannerMb} MB`],
      ],
    });
  return parts;
}

const ofBoth = (runs: ScaleResults['plannerRestart'][number]['runs']) =>
  runs.filter(({ killed }) => killed === 'both replicas');

const MEMORY = (when: string) => `memory ${when}: services / PostgreSQL / NATS`;

const megabytes = ({ standalone, postgres, nats }: MemoryMb) => `${standalone} / ${postgres} / ${nats} MB`;

const ranks = ({ p50, p99, max }: Summary) => `${p50} / ${p99} / ${max}`;

const many = (count: number) => count.toLocaleString('en');

const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`;
