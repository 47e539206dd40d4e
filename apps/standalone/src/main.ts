import pino from 'pino';
import pretty from 'pino-pretty';
import { StartFailure } from './parts/failure.js';
import { runParts } from './parts/lifecycle.js';
import { parseUpOptions, type UpOptions, USAGE } from './parts/options.js';
import { startControlPlane } from './start.js';

const level = process.env.TOMBOLO_LOG ?? 'info';
const logger =
  process.env.TOMBOLO_LOG_FORMAT === 'json'
    ? pino({ level }, pino.destination({ dest: 2, sync: false }))
    : pino({ level }, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', colorize: process.stderr.isTTY }));

const options = read();
if (options) process.exitCode = await runParts(logger, (part) => startControlPlane(options, logger, part));

function read(): UpOptions | undefined {
  try {
    const parsed = parseUpOptions(process.argv.slice(2), process.env);
    if (parsed !== 'help') return parsed;
    process.stdout.write(USAGE);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = error instanceof StartFailure ? error.exitCode : 1;
  }
  return undefined;
}
