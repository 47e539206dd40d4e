import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { segment } from '../arguments.js';
import { type Context, contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { Names, namesIn } from '../log/fact-text.js';
import { renderData } from '../output/render.js';
import { readCurrent } from './current.js';
import { readDesired } from './desired.js';
import { type Forecast, planText, stepText } from './plan-text.js';
import type { Step } from './step.js';
import { stepsTo } from './steps.js';

interface ApplyOptions {
  file: string;
  prune?: boolean;
}

/** As many as `POST plan` tries at once. */
const MAX_COMMANDS = 100;

export function applyCommands(program: Command): void {
  program
    .command('plan')
    .description('what `apply` would change: fact by fact and node by node; changes nothing')
    .requiredOption('-f, --file <file>', 'what the network shall be (docs/cli.md), - for standard input')
    .option('--prune', 'also delete what the file does not name, in the sections that it has')
    .action(async (options: ApplyOptions, command: Command) => {
      const context = contextOf(command);
      const { network, steps, isNew } = await compare(context, options);
      const forecast = isNew || steps.length === 0 ? null : await forecastOf(context, network, steps);
      const { format, print } = context;
      const changes = steps.map(({ does, what, details }) => ({ does, what, details }));
      if (format !== 'table') return print(renderData(format, { network, changes, ...forecast }));
      print(planText({ network, steps, forecast }, forecast ? await namesIn(context, network) : new Names()));
    });

  program
    .command('apply')
    .description('make a network what a file says it shall be; what the file leaves out stays as it is')
    .requiredOption('-f, --file <file>', 'what the network shall be (docs/cli.md), - for standard input')
    .option('--prune', 'also delete what the file does not name, in the sections that it has')
    .action(async (options: ApplyOptions, command: Command) => {
      const context = contextOf(command);
      const { network, steps } = await compare(context, options);
      const going = steps.filter(({ does }) => does === 'delete').map(({ what }) => what);
      if (going.length > 0) await context.confirm(`Delete ${going.join(', ')}?`);
      await apply(context, network, steps);
    });
}

async function compare(context: Context, { file, prune = false }: ApplyOptions) {
  const desired = readDesired(read(file));
  const network = desired.network.name;
  const current = await readCurrent(context, network);
  return { network, steps: stepsTo(desired, current, prune), isNew: current.network === null };
}

/** What the server says that the steps would do; null where it cannot try them all. */
async function forecastOf({ api, warn }: Context, network: string, steps: Step[]): Promise<Forecast | null> {
  if (steps.length > MAX_COMMANDS) {
    warn(`more than ${MAX_COMMANDS} changes: what nodes would be told is not worked out`);
    return null;
  }
  const commands = steps.map(({ command }) => command);
  try {
    const { facts, nodes } = await api.post<Forecast>(`/networks/${segment(network)}/plan`, { commands });
    return { facts, nodes };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const place = (text: string, index: string) => steps[Number(index)]?.what ?? text;
    throw new CommandFailed(error.exitCode, error.message.replace(/commands\[(\d+)\]/g, place), error.status);
  }
}

async function apply({ api, format, print }: Context, network: string, steps: Step[]): Promise<void> {
  const done: Omit<Step, 'request' | 'command'>[] = [];
  for (const step of steps) {
    const { does, what, details, request } = step;
    try {
      await api.call(request.method, request.path, { body: request.body });
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      const place = `${what}: ${error.message}`;
      throw new CommandFailed(
        error.exitCode,
        `${place}\n${done.length} of ${steps.length} changes are done; apply again`,
      );
    }
    done.push({ does, what, details });
    if (format === 'table') print(stepText(step));
  }
  if (format !== 'table') print(renderData(format, { network, changes: done }));
  else if (steps.length === 0) print(`${network} is what the file says`);
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `--file: ${(error as Error).message}`);
  }
}
