/** `npm test`: every level that this machine can run. The last line, alone: `N passed, N failed[, N skipped]`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureGuest, ensureLab, ensureNewestNats, ensureServers } from './ensure.mjs';
import { auditPackages, foreignPackages } from './audit.mjs';
import { countSecrets, findLeaks } from './leaks.mjs';
import { prepare } from './prepare.mjs';
import { output, root, run, runJest, runNpm, runTool } from './run.mjs';

const CANNOT = 69;
/** With no more than these, the kernel check would starve beside the lab. */
const PROCESSORS_OF_LAB = 2;
/** A stage that hangs is ended and counts as failed. */
const LIMIT_MS = 20 * 60_000;
const sum = { passed: 0, failed: 0, skipped: 0 };
const results = mkdtempSync(join(tmpdir(), 'tombolo-results-'));
/** What the stages tell, and the secrets that they make: the last stage looks for the ones in the other. */
const kept = mkdtempSync(join(tmpdir(), 'tombolo-kept-'));
process.env.TOMBOLO_KEEP_OUTPUT = kept;
let stages = 0;
const watch = `--import=${pathToFileURL(join(root, 'test', 'support', 'keep-output.mjs'))}`;

if (await check('packages', () => prepare('packages'))) {
  // A lock file that only fits the node_modules it was made with would stop every clean clone.
  const lock = ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // Each of them keeps one processor busy.
  await Promise.all([
    check('build', () => prepare('build')),
    check('lock file', () => succeeds(runNpm(lock))),
    check('lint', () => succeeds(runTool('eslint/bin/eslint.js', ['.']))),
    check('format', () => succeeds(runTool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']))),
  ]);
  await check('where packages come from, and their licences', () => isEmpty(foreignPackages()));
  const { findings, reason } = await auditPackages();
  if (reason) skip('known faults of packages', reason);
  else await check('known faults of packages', () => isEmpty(findings));
  // The integration tests use these programs as well where they are; the lab's own stage says what is missing.
  await ensureLab();
  const noServers = await ensureServers();
  if (noServers) skip('integration tests', noServers);
  const without = noServers ? ['--testPathIgnorePatterns', '/dist/', 'int\\.spec\\.ts$'] : [];
  await tests(noServers ? 'unit tests' : 'unit and integration tests', (json) =>
    runJest(['--json', '--outputFile', json, ...without], watched()),
  );
  await newestBroker(noServers);
  await ensureGuest();
  // The lab mostly waits, and the kernel check computes: it takes what is left of the processors, if there is anything.
  const together = tests('lab: real agents and real WireGuard in namespaces', (json) =>
    lab(['--group', 'together', '--json', json]),
  );
  if (availableParallelism() <= PROCESSORS_OF_LAB) await together;
  await Promise.all([
    together,
    tests('lab: what takes its minutes', (json) => lab(['--group', 'waiting', '--json', json], { held: true })),
    tests("kernel check: Debian's own kernel in an emulated machine", (json) =>
      lab(['--kernel', '--json', json], { held: true, behind: true }),
    ),
  ]);
  await tests('lab: the matrix of all kinds of NAT', (json) => lab(['--group', 'alone', '--json', json]));
  await check(`no secret in all that was told (${countSecrets(kept)} were made)`, noLeak);
}
rmSync(results, { recursive: true });
rmSync(kept, { recursive: true });
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed ? 1 : 0;

/** What speaks to NATS, and a whole control plane from start to restart, once more on the newest nats-server: the other stages run on this machine's own. */
async function newestBroker(noServers) {
  const name = 'adapters of NATS and a control plane on the newest nats-server';
  const { server, reason } = noServers ? { reason: noServers } : ensureNewestNats();
  if (!server) return skip(name, reason);
  const env = { TOMBOLO_NATS_SERVER: server };
  const version = output(server, ['--version']).trim();
  await tests(`${name} (${version})`, (json) =>
    runJest(['--json', '--outputFile', json, 'libs/messaging/.*int\\.spec', 'replicas/up\\.int\\.spec'], watched(env)),
  );
}

/** A stage without tests of its own: it counts when it fails. */
async function check(name, work) {
  console.log(`\n== ${name}`);
  const good = await work();
  if (good) return true;
  sum.failed++;
  console.log(`== ${name}: failed`);
  return false;
}

/** A stage that runs jest, which leaves its counts in a file. */
async function tests(name, work) {
  console.log(`\n== ${name}`);
  const json = join(results, `${name.replaceAll(/\W+/g, '-')}.json`);
  const started = Date.now();
  const exitCode = await work(json);
  if (exitCode === CANNOT) return skip(name, 'see above');
  const counts = countsOf(json);
  // Jest itself broke, or was ended.
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  for (const key of Object.keys(sum)) sum[key] += counts[key];
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${seconds} s`);
}

/** A stage that this machine cannot run counts as one. */
function skip(name, reason) {
  sum.skipped++;
  console.log(`== ${name}: skipped (${reason})`);
}

function countsOf(json) {
  try {
    const result = JSON.parse(readFileSync(json, 'utf8'));
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function lab(args, options) {
  return run(process.execPath, [join(root, 'scripts', 'lab.mjs'), ...args], { ...options, ...watched() });
}

/** A stage whose processes are watched for secrets, and whose output is kept. */
function watched(env) {
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} ${watch}`.trim();
  return { env: { ...env, NODE_OPTIONS }, timeoutMs: LIMIT_MS, keepIn: join(kept, `${++stages}.output`) };
}

function noLeak() {
  // The integration tests make hundreds: with none, nobody has watched.
  if (countSecrets(kept) === 0) return isEmpty(['no secret was noted, so none was looked for']);
  return isEmpty(
    findLeaks(kept).map(({ file, line, what }) => `${what}, in line ${line} of ${file}: ${contextOf(file, line)}`),
  );
}

/** Enough to find who said it, without the words that are as long as a secret. */
function contextOf(file, line) {
  const text = readFileSync(join(kept, file), 'latin1').split('\n')[line - 1] ?? '';
  return text.replaceAll(/[A-Za-z0-9+/_=-]{16,}/g, '…').slice(0, 300);
}

function isEmpty(problems) {
  for (const problem of problems) console.log(problem);
  return problems.length === 0;
}

async function succeeds(exitCode) {
  return (await exitCode) === 0;
}
