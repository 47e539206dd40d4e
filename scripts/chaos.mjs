/** `npm run chaos -- [--schedules N] [--seed S] [--seconds T] [--keep]`: builds, and runs test/chaos/chaos.ts. */
import { ensureServers } from './ensure.mjs';
import { prepare } from './prepare.mjs';
import { fail, run } from './run.mjs';

if (!(await prepare())) process.exit(1);
const missing = await ensureServers();
if (missing) fail(missing);
process.exitCode = await run(process.execPath, ['dist/test/chaos/chaos.js', ...process.argv.slice(2)]);
