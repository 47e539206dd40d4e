/** `npm run up -- [options]`: makes the clone runnable, then runs the whole control plane until Ctrl-C. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { bound, controlPlaneFlags, fail, root } from './run.mjs';

if (!(await prepare())) process.exit(1);

const main = join(root, 'dist', 'programs', 'standalone.js');
const [command, ...args] = bound([process.execPath, ...controlPlaneFlags, main, ...process.argv.slice(2)]);
// npm changes to the clone; a relative --data is meant from where the user is.
const child = spawn(command, args, { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() });
child.once('error', (error) => fail(`cannot start the control plane: ${error.message}`));
// At a terminal Ctrl-C reaches the child by itself as well: it minds only the first signal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
