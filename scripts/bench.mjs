/**
 * `npm run bench -- [--only NAME,…|all] [--nodes 100,1000,10000] [--quick] [--table]`: measures on two cores, writes
 * bench/results/*.json and the tables in README.md and docs. Without `--only`: log, planner, failover and mesh; the others take up to
 * five minutes each (docs/performance.md lists them). `--nodes`: instead of a scenario's own sizes. `--quick`: a shorter run that
 * is printed and kept nowhere. `--table`: the tables alone, from what bench/results holds. The failover of gateways and paths needs
 * what the lab needs, and is left out with the reason where that is not there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureLab, ensureServers } from './ensure.mjs';
import { prepare } from './prepare.mjs';
import { bound, controlPlaneFlags, fail, output, root, run } from './run.mjs';

/** By name: the program, its sizes where it has any, and what it needs of the machine by size. */
const SCENARIOS = {
  log: { program: 'append.bench.js' },
  planner: { program: 'planner.bench.js', needs: () => ({ memoryGb: 2 }) },
  failover: { program: 'failover.bench.js', inLab: true },
  paths: { program: 'paths.bench.js', inLab: true },
  mesh: { program: 'mesh.bench.js', sizes: [100, 1_000, 10_000], needs: agents },
  sustained: { program: 'sustained.bench.js', sizes: [1_000, 10_000], needs: agents },
  storm: { program: 'storm.bench.js', sizes: [1_000], needs: agents },
  touch: { program: 'touch.bench.js', sizes: [1_000], needs: agents },
  networks: { program: 'networks.bench.js', needs: () => agents(10_000) },
  million: { program: 'million.bench.js', needs: () => ({ memoryGb: 2, diskGb: 4 }) },
  restart: { program: 'restart.bench.js', sizes: [10_000], needs: agents },
  'planner-restart': { program: 'planner-restart.bench.js', sizes: [10_000], needs: processes },
  reports: { program: 'reports.bench.js', sizes: [10_000], needs: processes },
};
/** They know no shorter run. */
const PLAIN = ['log', 'planner', 'failover'];
const BY_DEFAULT = ['log', 'planner', 'failover', 'mesh'];
const PINNED = 'TOMBOLO_BENCH_PINNED';
/** A thousand machines have heaps of their own, and do not stop all at once to collect all of it; between two joins they do it together. */
const GENERATOR_FLAGS = ['--initial-heap-size=2000', '--expose-gc'];
/** One measurement is ended after this long, whatever it does. */
const LIMIT_MS = 20 * 60_000;

const { parts, sizes, quick, tableOnly } = readOptions();
if (!tableOnly) refuseWhereTooSmall();
if (tableOnly || process.env[PINNED]) {
  if (!tableOnly) await measureAll();
} else {
  if (!(await prepare())) process.exit(1);
  // Generator, services, database and broker share two cores; what they start inherits that.
  const two = ['taskset', '-c', '0,1'];
  if (output(two[0], [...two.slice(1), 'true']) === undefined)
    fail('the measurements need two cores, and taskset (util-linux) to keep to them.');
  const again = [...two.slice(1), process.execPath, ...process.argv.slice(1)];
  process.exit(await run(two[0], again, { env: { [PINNED]: '1' } }));
}
if (!quick) await writeTable();

async function measureAll() {
  const { describeMachine } = await built('machine.js');
  const flags = { TOMBOLO_BENCH_FLAGS: controlPlaneFlags.join(' ') };
  const measure = async (name, program, args = []) => {
    console.log(`== ${name}`);
    const machine = await describeMachine();
    const [command, ...rest] = bound([
      process.execPath,
      ...controlPlaneFlags,
      ...GENERATOR_FLAGS,
      join('dist/test/bench', program),
      ...args,
    ]);
    const { status, stdout } = spawnSync(command, rest, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, ...flags },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) fail(`${program} failed (see above)`);
    const result = `${JSON.stringify({ machine, ...JSON.parse(stdout) }, null, 2)}\n`;
    if (quick) return console.log(result);
    mkdirSync(join(root, 'bench', 'results'), { recursive: true });
    writeFileSync(join(root, 'bench', 'results', `${name}.json`), result);
  };
  for (const name of parts) {
    const { program, inLab } = SCENARIOS[name];
    const reason = inLab && ((await ensureLab()) ?? (await ensureServers()));
    if (reason) console.log(`== ${name}: left out, because the lab cannot run here: ${reason}`);
    else
      for (const size of sizesOf(name))
        await measure(size ? `${name}-${size}` : name, program, [
          ...(size ? ['--nodes', String(size)] : []),
          ...(quick && !PLAIN.includes(name) ? ['--quick'] : []),
        ]);
  }
}

async function writeTable() {
  const [{ readResults }, { DOCUMENTS, withTable }] = [await built('results.js'), await built('table.js')];
  const results = readResults(join(root, 'bench', 'results'));
  for (const [name, tableOf] of Object.entries(DOCUMENTS)) {
    const file = join(root, name);
    writeFileSync(file, withTable(readFileSync(file, 'utf8'), tableOf(results)));
  }
  console.log(DOCUMENTS['README.md'](results));
}

function built(module) {
  return import(join(root, 'dist', 'test', 'bench', module));
}

/** Agents hold little; what they are told fills the services' and the broker's memory. */
function agents(count) {
  return { memoryGb: count > 1_000 ? 4 : 2, diskGb: count > 1_000 ? 3 : 1 };
}

/** The same, with every service twice. */
function processes(count) {
  return { memoryGb: count > 1_000 ? 6 : 3, diskGb: 3 };
}

function sizesOf(name) {
  const own = SCENARIOS[name].sizes;
  return own ? (sizes ?? own) : [undefined];
}

function refuseWhereTooSmall() {
  const free = {
    memoryGb: Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 2 ** 20,
    diskGb: (({ bavail, bsize }) => (bavail * bsize) / 2 ** 30)(statfsSync(tmpdir())),
  };
  for (const name of parts)
    for (const size of sizesOf(name)) {
      const needed = SCENARIOS[name].needs?.(size) ?? {};
      const what = size ? `${name} with ${size} nodes` : name;
      for (const [key, where] of [
        ['memoryGb', 'of free memory'],
        ['diskGb', `free in ${tmpdir()}`],
      ])
        if (needed[key] > free[key])
          fail(`${what} needs ${needed[key]} GB ${where}; here it is ${free[key].toFixed(1)} GB.`);
    }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string' },
      only: { type: 'string', default: BY_DEFAULT.join() },
      quick: { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
    },
  });
  const sizes = values.nodes?.split(',');
  if (sizes?.some((size) => !/^[1-9]\d{1,4}$/.test(size)))
    fail(`--nodes takes numbers from 10 to 99999, separated by commas, not ${values.nodes}`, 2);
  const names = Object.keys(SCENARIOS);
  const parts = values.only === 'all' ? names : values.only.split(',');
  if (!parts.every((part) => names.includes(part)))
    fail(`--only takes all or ${names.join(', ')}, separated by commas, not ${values.only}`, 2);
  return { parts, sizes: sizes?.map(Number), quick: values.quick, tableOnly: values.table };
}
