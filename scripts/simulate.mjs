/** `npm run simulate -- [--schedules N] [--seed S] [--of nodes|all|packets|relayed] [--keep]`: builds, and runs test/simulation/main.ts. */
import { prepare } from './prepare.mjs';
import { run } from './run.mjs';

if (!(await prepare())) process.exit(1);
process.exitCode = await run(process.execPath, ['dist/test/simulation/main.js', ...process.argv.slice(2)]);
