import { Command, CommanderError } from 'commander';
import { applyCommands } from './apply/apply.commands.js';
import { backupCommands } from './backup/backup.commands.js';
import { burstCommands } from './burst/burst.commands.js';
import { clientCommands } from './clients/client.commands.js';
import { clusterCommands } from './clusters/cluster.commands.js';
import { completionCommands } from './completion/completion.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { gatewayCommands } from './gateways/gateway.commands.js';
import { relayCommands } from './relays/relay.commands.js';
import { adviseCommands } from './latency/advise.commands.js';
import { pingCommand } from './latency/ping.command.js';
import { keyCommands } from './keys/key.commands.js';
import { lockCommands } from './lock/lock.commands.js';
import { logCommands } from './log/log.commands.js';
import { networkCommands } from './networks/network.commands.js';
import { nodeCommands } from './nodes/node.commands.js';
import { sourceCommands } from './sources/source.commands.js';
import { statusCommands } from './status/status.commands.js';
import { tokenCommands } from './tokens/token.commands.js';
import { topologyCommands } from './topology/topology.commands.js';

export function createProgram(): Command {
  const program = new Command('tombolo')
    .description('Tombolo: WireGuard meshes from a log of facts')
    .option('--server <url>', 'the HTTP API (TOMBOLO_SERVER; default: the one that `npm run up` started here)')
    .option('--token <token>', 'API token (TOMBOLO_TOKEN)')
    .option('--ca <file>', "PEM of the authority of the server's certificate (TOMBOLO_CA)")
    .option('-o, --output <format>', 'table, json or yaml')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage, 3 refused by a rule, 4 not found, 5 server unreachable.',
    )
    .exitOverride();
  networkCommands(program);
  keyCommands(program);
  nodeCommands(program);
  clusterCommands(program);
  gatewayCommands(program);
  relayCommands(program);
  clientCommands(program);
  lockCommands(program);
  applyCommands(program);
  statusCommands(program);
  burstCommands(program);
  pingCommand(program);
  adviseCommands(program);
  topologyCommands(program);
  logCommands(program);
  tokenCommands(program);
  sourceCommands(program);
  backupCommands(program);
  completionCommands(program);
  return program;
}

/** Runs one command line and tells its exit code; the reason for any but 0 is on standard error. */
export async function run(program: Command, words: string[]): Promise<number> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommandFailed) {
      process.stderr.write(`tombolo: ${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`tombolo: ${(error as Error).message}\n`);
    return EXIT.failed;
  }
}
