import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The clone. Every script works from here, wherever it was called. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Flags of Node for the control plane: room for what a change to a thousand nodes allocates. With the default (16 MB) a
 * third of such a change is garbage collection.
 */
export const controlPlaneFlags = ['--max-semi-space-size=64'];

const LAST_WORDS_MS = 2_000;

/** Ends the process with one sentence. */
export function fail(sentence, exitCode = 1) {
  console.error(`tombolo: ${sentence}`);
  process.exit(exitCode);
}

/**
 * Runs a program in the clone with our terminal; resolves to its exit code, 1 when a signal or `timeoutMs` ended it.
 * It does not outlive us. `quiet` shows its errors alone, `held` what it says when it has ended. `behind` lets everything
 * else on the machine go first. `keepIn` names a file that gets a copy of what it says.
 */
export function run(command, args, { env, timeoutMs, quiet, held, behind, keepIn } = {}) {
  const [program, ...rest] = bound([...(behind ? ['nice', '-n', '19'] : []), command, ...args]);
  const isRead = held || keepIn;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd: root,
      stdio: [held ? 'ignore' : 'inherit', isRead ? 'pipe' : quiet ? 'ignore' : 'inherit', isRead ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env },
      timeout: timeoutMs,
    });
    const said = [];
    for (const name of isRead ? ['stdout', 'stderr'] : [])
      child[name].on('data', (bytes) => {
        if (held) said.push(bytes);
        else process[name].write(bytes);
        if (keepIn) appendFileSync(keepIn, bytes, { mode: 0o600 });
      });
    child.once('error', (error) => {
      console.error(`tombolo: cannot run ${command}: ${error.message}`);
      resolve(1);
    });
    child.once('exit', async (code, signal) => {
      // The last of its output may come after it; whoever it left behind may hold the line open for ever.
      if (isRead) await Promise.race([once(child, 'close'), delay(LAST_WORDS_MS, undefined, { ref: false })]);
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
  const before = options.env?.NODE_OPTIONS ?? process.env.NODE_OPTIONS ?? '';
  const NODE_OPTIONS = `${before} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  return runTool('jest/bin/jest.js', args, { ...options, env: { ...options.env, NODE_OPTIONS } });
}

/** What a short program prints, or undefined when it failed or is not there. */
export function output(command, args, cwd = root) {
  const child = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return child.status === 0 ? child.stdout : undefined;
}
