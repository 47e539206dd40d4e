/**
 * A process that starts servers the way `up` does, says so on one line of JSON, and waits to be killed:
 * `parts-parent.js postgres|nats DIR [PORT]`. For tests of what a kill -9 leaves behind.
 */
import { join } from 'node:path';
import { silent } from '../../apps/standalone/src/parts/log.js';
import { findNatsServer } from '../../apps/standalone/src/parts/nats-binary.js';
import { startNats } from '../../apps/standalone/src/parts/nats.js';
import { startPostgres } from '../../apps/standalone/src/parts/postgres.js';

const [kind, dir = '', port = '0'] = process.argv.slice(2);
const logFile = join(dir, 'log');
const log = silent;
if (kind === 'postgres') {
  const { pid, url } = await startPostgres({
    dir,
    passwordFile: join(dir, 'password'),
    logFile,
    port: Number(port),
    log,
  });
  process.stdout.write(`${JSON.stringify({ pid, url })}\n`);
} else {
  const binary = await findNatsServer({ cacheDir: join(dir, 'cache'), log });
  const configText = 'jetstream { store_dir: jetstream }';
  const listen = { host: '127.0.0.1', port: Number(port) };
  const { pid, port: actual } = await startNats({ dir, configText, listen, binary, logFile, log });
  process.stdout.write(`${JSON.stringify({ pid, url: `nats://127.0.0.1:${actual}` })}\n`);
}
setInterval(() => {}, 60_000);
