import { createParser } from 'eventsource-parser';
import type { Command } from 'commander';
import { segment, wholeNumber } from '../arguments.js';
import { type Context, contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { renderData, table } from '../output/render.js';
import { type FactView, factText, Names, namesIn } from './fact-text.js';

interface EventsOptions {
  follow?: boolean;
  after?: number;
  type?: string[];
}

export function logCommands(program: Command): void {
  program
    .command('events')
    .argument('<network>', 'name of the network, or system')
    .description('the facts of a network, oldest first')
    .option('--follow', 'go on with what happens next')
    .option('--after <version>', 'only facts after this version', wholeNumber)
    .option('--type <type>', 'only facts of this type (repeatable)', (type: string, before: string[] = []) => [
      ...before,
      type,
    ])
    .action(async (network: string, options: EventsOptions, command: Command) => {
      const context = contextOf(command);
      await (options.follow ? followEvents(context, network, options) : printEvents(context, network, options));
    });

  const log = program.command('log').description('the log itself');
  log
    .command('verify')
    .argument('<network>', 'name of the network, or system')
    .description('check the hash chain of a network’s log')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      const result = await api.get<{ ok: boolean; facts: number; head?: string; brokenAt?: number; reason?: string }>(
        `/networks/${segment(network)}/log/verify`,
      );
      print(
        format === 'table'
          ? result.ok
            ? `${result.facts} facts, the chain holds (head ${result.head ?? '-'})`
            : `the chain is broken at version ${result.brokenAt}: ${result.reason}`
          : renderData(format, result),
      );
      if (!result.ok) throw new CommandFailed(EXIT.failed, `the log of ${network} was altered`);
    });
}

const query = ({ after, type }: EventsOptions, at?: number) => {
  const parts = new URLSearchParams();
  const from = at ?? after;
  if (from !== undefined) parts.set('after', String(from));
  if (type) parts.set('types', type.join(','));
  return parts.size > 0 ? `?${parts}` : '';
};

async function printEvents(context: Context, network: string, options: EventsOptions): Promise<void> {
  const { api, format, print } = context;
  const facts = await api.list<FactView>(`/networks/${segment(network)}/events${query(options)}`);
  if (format !== 'table') return print(renderData(format, facts));
  if (facts.length === 0) return print('none');
  const names = await namesIn(context, network);
  facts.forEach((fact) => names.learn(fact));
  const rows = facts.map((fact) => row(fact, names));
  print(table(['version', 'time', 'fact', 'by', 'what'], rows));
}

/** Prints facts as they come, one per line; after a lost connection it resumes where it was. */
async function followEvents(context: Context, network: string, options: EventsOptions): Promise<void> {
  const { api, format, print } = context;
  const names = format === 'table' ? await namesIn(context, network) : new Names();
  let last = options.after;
  for (;;) {
    const response = await api.stream(
      `/networks/${segment(network)}/events${query(options, last)}`,
      last === undefined ? {} : { 'Last-Event-ID': String(last) },
    );
    const parser = createParser({
      onEvent: ({ id, data }) => {
        if (id) last = Number(id);
        const fact = JSON.parse(data) as FactView;
        names.learn(fact);
        print(format === 'table' ? row(fact, names).join('  ') : JSON.stringify(fact));
      },
    });
    response.setEncoding('utf8');
    try {
      for await (const chunk of response) parser.feed(chunk as string);
    } catch {
      // The server went away in the middle; the next round says so if it stays away.
    }
  }
}

const row = (fact: FactView, names: Names): string[] => [
  String(fact.version),
  fact.metadata.at,
  fact.type,
  fact.metadata.actor,
  factText(fact, names),
];
