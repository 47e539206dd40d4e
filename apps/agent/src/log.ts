import { destination, pino, type Logger } from 'pino';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error'>;

/** JSON lines on standard error; `TOMBOLO_LOG` is the level (default info). */
export function createLog(level = process.env.TOMBOLO_LOG ?? 'info'): Logger {
  const known = level in pino.levels.values || level === 'silent';
  const log = pino(
    { name: 'tombolo-agent', level: known ? level : 'info', redact: { paths: SECRETS, censor: '<secret>' } },
    // Written at once: a process that dies has said why.
    destination({ fd: 2, sync: true }),
  );
  if (!known) log.warn({ level }, 'TOMBOLO_LOG is no level: trace, debug, info, warn, error, fatal, silent');
  return log;
}

/** Nothing of this is ever given to a logger; should it be, it stays unsaid. */
const SECRETS = ['privateKey', 'seed', 'secret', 'token', 'jwt'].flatMap((field) => [field, `*.${field}`]);
