/**
 * `npm run fuzz -- [--runs 100000] [--seed S] [--target http|postgres|bus|ingest|enrolment|reports|stream|state]… [--keep]`: random and mutated inputs for
 * everything that takes what others send (docs/reliability.md). The same seed gives the same inputs.
 */
import { prepare } from './prepare.mjs';
import { run } from './run.mjs';

if (!(await prepare())) process.exit(1);
process.exitCode = await run(process.execPath, ['dist/test/fuzz/main.js', ...process.argv.slice(2)]);
