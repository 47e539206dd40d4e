import { type Command, InvalidArgumentError } from 'commander';
import { adviseEtcd, ETCD, type EtcdAdvice, type EtcdSet } from '#topology/etcd-advice.js';
import { each, wholeNumber } from '../arguments.js';
import { contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { renderData, table } from '../output/render.js';
import { milliseconds, type PairLatency, pairsOf } from './pair-latency.js';

/** Fewer bear no loss; etcd advises against more: https://etcd.io/docs/latest/faq/#what-is-maximum-cluster-size */
const FEWEST_MEMBERS = 3;
const MOST_MEMBERS = 7;

export function adviseCommands(program: Command): void {
  const advise = program.command('advise').description('advice from what was measured');

  advise
    .command('etcd')
    .argument('<network>')
    .description(
      "which nodes may host etcd: the sets whose farthest two are nearest, and what etcd's settings have to be",
    )
    .option('--members <n>', 'members of etcd: 3 to 7, best an odd number', members, 3)
    .option('--node <node>', 'only these nodes may host it (repeatable)', each)
    .option('--choices <n>', 'sets to name', choices, 3)
    .action(
      async (network: string, options: { members: number; node?: string[]; choices: number }, command: Command) => {
        const { api, format, print } = contextOf(command);
        const pairs = await pairsOf(api, network, { among: options.node });
        const advice = adviseEtcd({ ...options, pairs: pairs.flatMap(measured) });
        if (advice.sets.length === 0)
          throw new CommandFailed(
            EXIT.failed,
            `no ${options.members} nodes of which every two have been measured: "tombolo status ${network} --latency" shows which have`,
          );
        print(
          format === 'table'
            ? adviceText(advice, options.members)
            : renderData(format, { ...advice, source: ETCD.source }),
        );
      },
    );
}

/** Pairs whose time is their own: etcd's members shall not depend on a relay. */
function measured({ a, b, rtt, byHops }: PairLatency): { a: string; b: string; rtt: number }[] {
  return rtt === null || byHops ? [] : [{ a: a.name, b: b.name, rtt }];
}

function adviceText({ sets, exact }: EtcdAdvice, size: number): string {
  const rows = sets.map((set) => [set.members.join(', '), worstText(set), limitsText(set)]);
  return [
    table(['members', 'farthest pair', 'etcd'], rows),
    ...(size % 2 === 0 ? [`${size} members bear the loss of no more than ${size - 1} do: take an odd number.`] : []),
    ...(exact ? [] : ['There were too many sets to look at all: these are good ones, perhaps not the best.']),
    `etcd wants a heartbeat interval of about the longest round trip (default ${ETCD.heartbeatMs} ms) and an election timeout of ten times that (default ${ETCD.electionMs} ms, at most ${ETCD.longestElectionMs} ms): ${ETCD.source}`,
  ].join('\n');
}

const worstText = ({ worst }: EtcdSet): string => (worst ? `${worst.a} - ${worst.b} ${milliseconds(worst.rtt)}` : '-');

function limitsText({ limits: { fits, heartbeatMs, electionMs } }: EtcdSet): string {
  switch (fits) {
    case 'default':
      return 'fits as it is';
    case 'tuned':
      return `fits with --heartbeat-interval=${heartbeatMs} --election-timeout=${electionMs} on each`;
    case 'too far':
      return 'too far apart';
    default:
      return fits satisfies never;
  }
}

const members = inRange(FEWEST_MEMBERS, MOST_MEMBERS);
const choices = inRange(1, 20);

function inRange(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text);
    if (value < min || value > max) throw new InvalidArgumentError(`give a number from ${min} to ${max}`);
    return value;
  };
}
