/**
 * `npm run lab`: real agents and real WireGuard in namespaces of this machine. `npm run lab:kernel` (`--kernel`): the
 * kernel check in an emulated machine with Debian's own kernel. `--alone`: only the scenarios that need the machine for
 * themselves, which otherwise come last. `--json FILE` writes jest's result; other arguments go to jest. The matrix of a
 * network of everything is shown last. Exit code 69 (EX_UNAVAILABLE): this machine cannot run it, for the reason printed.
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
const TOGETHER = 'jest.lab.config.js';
const ALONE = 'jest.lab-alone.config.js';

const { values, positionals } = parseArgs({
  options: { kernel: { type: 'boolean' }, alone: { type: 'boolean' }, json: { type: 'string' } },
  allowPositionals: true,
});
if (!(await prepare())) process.exit(1);
const reason = (await (values.kernel ? ensureGuest() : ensureLab())) ?? (await ensureServers());
if (reason) fail(`${values.kernel ? 'the kernel check' : 'the lab'} cannot run here: ${reason}`, CANNOT);
if (values.kernel) process.exitCode = await runKernelCheck();
else {
  const both = !values.alone && !values.json && positionals.length === 0;
  process.exitCode = (await runLab(values.alone ? ALONE : TOGETHER)) || (both ? await runLab(ALONE) : 0);
}

async function runLab(config) {
  const json = values.json ? ['--json', '--outputFile', values.json] : [];
  const directory = mkdtempSync(join(tmpdir(), 'tombolo-matrix-'));
  const matrix = join(directory, 'matrix.txt');
  try {
    const env = { TOMBOLO_LAB_MATRIX: matrix };
    const status = await runJest(['--config', config, ...json, ...positionals], { env });
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
