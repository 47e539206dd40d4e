import type { Command } from 'commander';
import { contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { type Column, renderList } from '../output/render.js';
import { pairsOf, pathText, type PairLatency, rttText } from './pair-latency.js';

/** A network with more pairs than this shows those that do not answer alone. */
const MOST_SHOWN = 100;

const columns: Column<PairLatency>[] = [
  ['node', ({ a }) => a.name],
  ['node', ({ b }) => b.name],
  ['answers', ({ link }) => ({ up: 'yes', unanswered: 'no', unknown: 'unknown' })[link]],
  ['round trip', rttText],
  ['path', pathText],
  ['heard', ({ heardAt }) => heardAt],
];

export function pingCommand(program: Command): void {
  program
    .command('ping')
    .argument('<network>')
    .description('which nodes reach each other, as their agents saw it last; nothing is sent')
    .option('--from <node>', 'only pairs with this node')
    .option('--to <node>', 'only the pair with this one')
    .action(async (network: string, { from, to }: { from?: string; to?: string }, command: Command) => {
      const { api, format, print } = contextOf(command);
      if (from !== undefined && from === to) command.error('give two different nodes', { exitCode: EXIT.usage });
      const which = from !== undefined && to !== undefined ? { among: [from, to] } : { node: from ?? to };
      const pairs = await pairsOf(api, network, which);
      const without = pairs.filter(({ link }) => link !== 'up');
      print(renderList(format, pairs.length > MOST_SHOWN && format === 'table' ? without : pairs, columns));
      if (without.length > 0)
        throw new CommandFailed(EXIT.failed, `${without.length} of ${pairs.length} pairs: no answer is known`);
      if (pairs.length === 0) throw new CommandFailed(EXIT.failed, 'no two nodes that are enabled');
      if (format === 'table') print(`all ${pairs.length} pairs answer`);
    });
}
