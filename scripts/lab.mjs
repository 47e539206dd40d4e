/**
 * `npm run lab`: real agents and real WireGuard in namespaces of this machine. `npm run lab:kernel` (`--kernel`): the
 * kernel check in an emulated machine with Debian's own kernel. Otherwise three groups, one after the other, or the one
 * that `--group` names: `alone`, which need the machine for themselves; `waiting`, which mostly wait for a minute to pass;
 * `together`, all others. `--json FILE` writes jest's result. Other arguments go to jest: words pick files of all groups.
 * The matrix of a network of everything is shown last. Exit code 69 (EX_UNAVAILABLE): this machine cannot run it, for the
 * reason printed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureGuest, ensureLab, ensureServers } from './ensure.mjs';
import { prepare } from './prepare.mjs';
import { fail, root, runJest } from './run.mjs';

/** Three minutes on two processors where nothing else runs; beside the lab, longer. */
const KERNEL_LIMIT_MS = 18 * 60_000;
const CANNOT = 69;
const CONFIGS = new Map([
  ['alone', 'jest.lab-alone.config.js'],
  ['waiting', 'jest.lab-waiting.config.js'],
  ['together', 'jest.lab.config.js'],
]);

const { values, positionals } = parseArgs({
  options: { kernel: { type: 'boolean' }, group: { type: 'string' }, json: { type: 'string' } },
  allowPositionals: true,
});
const groups = values.group ? [values.group] : [...CONFIGS.keys()];
if (!CONFIGS.has(groups[0])) fail(`no group ${values.group}: there are ${[...CONFIGS.keys()].join(', ')}`, 2);
if (!(await prepare())) process.exit(1);
const reason = (await (values.kernel ? ensureGuest() : ensureLab())) ?? (await ensureServers());
if (reason) fail(`${values.kernel ? 'the kernel check' : 'the lab'} cannot run here: ${reason}`, CANNOT);
if (values.kernel) process.exitCode = await runKernelCheck();
else if (positionals.length > 0)
  process.exitCode = await runLab(CONFIGS.get('together'), '--testPathIgnorePatterns=/dist/');
else
  for (const group of groups) {
    const status = await runLab(CONFIGS.get(group));
    process.exitCode ||= status;
  }

async function runLab(config, ...args) {
  const json = values.json ? ['--json', '--outputFile', values.json] : [];
  const directory = mkdtempSync(join(tmpdir(), 'tombolo-matrix-'));
  const matrix = join(directory, 'matrix.txt');
  try {
    const env = { TOMBOLO_LAB_MATRIX: matrix };
    const status = await runJest(['--config', config, ...json, ...args, ...positionals], { env });
    if (existsSync(matrix)) console.log(`\n${readFileSync(matrix, 'utf8')}`);
    return status;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function runKernelCheck() {
  const { runInGuest } = await import(join(root, 'dist', 'test', 'lab', 'kernel', 'guest.js'));
  const directory = mkdtempSync(join(tmpdir(), 'tombolo-kernel-'));
  try {
    process.chdir(root);
    const resultFile = join(directory, 'result.json');
    const node = [process.execPath, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = ['node_modules/jest/bin/jest.js', '--config', 'jest.kernel.config.js'];
    const { status, result } = await runInGuest({
      command: [...node, ...jest, '--json', '--outputFile', resultFile, ...positionals],
      env: { TOMBOLO_LAB_SLOWNESS: '10', TOMBOLO_NATS_SERVER: process.env.TOMBOLO_NATS_SERVER },
      resultFile,
      timeout: KERNEL_LIMIT_MS,
      print: (text) => process.stdout.write(text),
    });
    if (values.json) writeFileSync(values.json, result);
    return status;
  } catch (error) {
    console.error(`tombolo: ${error.message}`);
    return 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
