/**
 * Makes the clone runnable: packages and build, each only when something changed. As a program (`prepare.mjs packages
 * build`) it does that and ends; `prepare()` runs it so under a lock, for two at once would destroy each other's work.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, output, root, run, runNpm } from './run.mjs';

const OLDEST_NODE = [20, 19];
const STAMP = join(root, 'dist', '.built-from');
const PROGRAM = join(root, 'scripts', 'prepare.mjs');
const steps = { packages: installPackages, build };

/** Brings packages and build up to date; resolves to false, and it has been said why, when that cannot be. */
export async function prepare(...wanted) {
  requireNode();
  const program = [process.execPath, PROGRAM, ...(wanted.length ? wanted : Object.keys(steps))];
  const locked = output('flock', ['--version']) ? ['flock', join(root, 'package.json'), ...program] : program;
  return (await run(locked[0], locked.slice(1))) === 0;
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE.join('.')} or newer.`);
}

/** Installs what package-lock.json says, if node_modules holds anything else. */
async function installPackages() {
  if (packagesMatch()) return;
  console.log('tombolo: installing packages (npm ci)');
  // Errors alone: some packages name a newer Node than they need, and npm warns of each. The tests run on the oldest.
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error'];
  const exitCode = await runNpm(['ci', ...quietly, '--include=dev', '--include=optional']);
  if (exitCode !== 0) fail('npm ci failed (see above): it needs a registry of npm packages and room on the disk.');
}

/** npm keeps what it installed in node_modules/.package-lock.json, written last. */
function packagesMatch() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { packages: found } = JSON.parse(readFileSync(installed, 'utf8'));
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    // Links are our own workspaces; optional packages are there on the machines they fit.
    if (!path.startsWith('node_modules/') || link) return true;
    return found[path] ? found[path].version === version : optional === true;
  });
}

/** Compiles, if a source changed since the last time. */
async function build() {
  const sources = sourceStates();
  const before = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '';
  const digest = createHash('sha256').update(JSON.stringify(sources)).digest('hex');
  const now = [digest, ...sources.map(({ path }) => path), ''].join('\n');
  if (before === now) return;
  // A source that is gone must not live on as its output.
  const paths = new Set(sources.map(({ path }) => path));
  const [, ...builtFrom] = before.split('\n').slice(0, -1);
  if (builtFrom.some((path) => !paths.has(path))) rmSync(join(root, 'dist'), { recursive: true, force: true });
  console.log('tombolo: building');
  rmSync(STAMP, { force: true });
  const exitCode = await runNpm(['run', 'build', '--silent']);
  if (exitCode !== 0) fail('the build failed (see above).');
  writeFileSync(STAMP, now);
}

function sourceStates() {
  const files = ['apps', 'libs', 'test'].flatMap((dir) =>
    readdirSync(join(root, dir), { recursive: true })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => join(dir, path)),
  );
  return [...files, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/bundle.mjs']
    .sort()
    .map((path) => {
      const { mtimeMs, size } = statSync(join(root, path));
      return { path, mtimeMs, size };
    });
}

if (process.argv[1] === PROGRAM) for (const step of process.argv.slice(2)) await steps[step]();
