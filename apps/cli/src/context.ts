import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CommandFailed, EXIT } from './exit-codes.js';
import { outputFormat, type OutputFormat } from './output/render.js';
import { ApiClient } from './server/api-client.js';
import { type GlobalOptions, serverAddress } from './server/server-address.js';

/** What every command needs: the API, the format, somewhere to print, and a way to ask. */
export interface Context {
  api: ApiClient;
  format: OutputFormat;
  print(text: string): void;
  /** For people only: on standard error. */
  warn(text: string): void;
  /** Asks before something is lost; `--yes` answers. Without a terminal and without `--yes` it refuses. */
  confirm(question: string): Promise<void>;
}

export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  return {
    api: new ApiClient(serverAddress(options, process.env, process.cwd())),
    format: outputFormat(options.output),
    print: (text) => process.stdout.write(`${text}\n`),
    warn: (text) => process.stderr.write(`tombolo: ${text}\n`),
    confirm: (question) => confirm(question, options.yes ?? false),
  };
}

async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new CommandFailed(EXIT.usage, `${question} Say --yes.`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`${question} [y/N] `);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed(EXIT.failed, 'nothing was changed');
}
