import { spawn, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone. Every script works from here, wherever it was called. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Flags of Node for the control plane: room for what a change to a thousand nodes allocates. With the default (16 MB) a
 * third of such a change is garbage collection.
 */
export const controlPlaneFlags = ['--max-semi-space-size=64'];

/** Ends the process with one sentence. */
export function fail(sentence, exitCode = 1) {
  console.error(`tombolo: ${sentence}`);
  process.exit(exitCode);
}

/**
 * Runs a program in the clone with our terminal; resolves to its exit code, 1 when a signal or `timeoutMs` ended it.
 * It does not outlive us. `quiet` shows its errors alone. `behind` lets everything else on the machine go first, and shows
 * what the program says when it has ended.
 */
export function run(command, args, { env, timeoutMs, quiet, behind } = {}) {
  const [program, ...rest] = bound([...(behind ? ['nice', '-n', '19'] : []), command, ...args]);
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd: root,
      stdio: behind ? ['ignore', 'pipe', 'pipe'] : ['inherit', quiet ? 'ignore' : 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      timeout: timeoutMs,
    });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => said.push(data));
    child.once('error', (error) => {
      console.error(`tombolo: cannot run ${command}: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code, signal) => {
      process.stdout.write(Buffer.concat(said));
      if (signal) console.error(`tombolo: ${command} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

/** The same command, told by the kernel to stop when we die, however we die (util-linux has setpriv; else as it was). */
export function bound(command) {
  return output('setpriv', ['--version']) ? ['setpriv', '--pdeathsig', 'SIGTERM', '--', ...command] : command;
}

/** Runs a tool from node_modules with this Node, whatever PATH holds: `runTool('jest/bin/jest.js', [...])`. */
export function runTool(script, args, options) {
  return run(process.execPath, [`node_modules/${script}`, ...args], options);
}

/** Runs the npm that runs us, by this Node: PATH may hold others. */
export function runNpm(args, options) {
  const npm = process.env.npm_execpath;
  return npm?.endsWith('.js') ? run(process.execPath, [npm, ...args], options) : run('npm', args, options);
}

/** Runs jest on ES modules; `config` and the rest as jest takes them. */
export function runJest(args, options = {}) {
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  return runTool('jest/bin/jest.js', args, { ...options, env: { ...options.env, NODE_OPTIONS } });
}

/** What a short program prints, or undefined when it failed or is not there. */
export function output(command, args, cwd = root) {
  const child = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return child.status === 0 ? child.stdout : undefined;
}
