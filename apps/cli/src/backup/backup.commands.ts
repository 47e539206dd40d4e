import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

/** Not by the API: it works on what a control plane keeps, also while that is stopped (docs/operations.md, backup). */
const PROGRAM = fileURLToPath(new URL('../../../standalone/src/backup/main.js', import.meta.url));

interface Options {
  out?: string;
  data?: string;
}

export function backupCommands(program: Command): void {
  const backup = program.command('backup').description('everything of a control plane, on its own machine');
  backup
    .command('create')
    .requiredOption('--out <file>', 'the file to write, or - for standard output')
    .option('--data <dir>', 'the control plane’s directory (default .tombolo)')
    .description('write a backup; the control plane may run')
    .action(({ out = '', data }: Options) => runBackup('create', out, data));
  backup
    .command('restore')
    .argument('<file>', 'a backup, or - for standard input')
    .option('--data <dir>', 'a new or empty directory (default .tombolo)')
    .description('make a control plane of a backup, where none is')
    .action((file: string, { data }: Options) => runBackup('restore', file, data));
}

/** It says itself what is wrong. */
async function runBackup(verb: string, file: string, data: string | undefined): Promise<void> {
  const directory = data === undefined ? [] : ['--data', data];
  const child = spawn(process.execPath, [PROGRAM, ...directory, '--', verb, file], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) process.exit(code ?? 1);
}
