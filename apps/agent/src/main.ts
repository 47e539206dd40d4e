import { CommanderError } from 'commander';
import { AgentFailure, EXIT, messageOf } from './failure.js';
import { createLog } from './log.js';
import { createProgram } from './program.js';

const log = createLog();
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const program = createProgram({
  log,
  signal: stop.signal,
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // Commander has said it already.
  if (!(error instanceof CommanderError)) process.stderr.write(`tombolo-agent: ${messageOf(error)}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  return error instanceof AgentFailure ? EXIT[error.exit] : EXIT.failed;
}
