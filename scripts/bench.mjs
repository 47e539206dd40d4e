/**
 * `npm run bench -- [--nodes 100,1000,10000] [--only log,planner,failover,mesh] [--quick] [--table]`: measures on two cores,
 * writes bench/results/*.json and the tables in README.md and docs/reliability.md. `--quick`: a shorter run that is printed
 * and kept nowhere. `--table`: the tables alone, from what bench/results holds. The failover of gateways needs what the lab
 * needs, and is left out with the reason where that is not there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureLab, ensureServers } from './ensure.mjs';
import { prepare } from './prepare.mjs';
import { bound, controlPlaneFlags, fail, output, root, run } from './run.mjs';

const PARTS = ['log', 'planner', 'failover', 'mesh'];
const PINNED = 'TOMBOLO_BENCH_PINNED';
/** One measurement is ended after this long, whatever it does. */
const LIMIT_MS = 20 * 60_000;

const { parts, sizes, quick, tableOnly } = readOptions();
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
  if (parts.includes('log')) await measure('log', 'append.bench.js');
  if (parts.includes('planner')) await measure('planner', 'planner.bench.js');
  if (parts.includes('failover')) {
    const reason = (await ensureLab()) ?? (await ensureServers());
    if (reason) console.log(`== failover: left out, because the lab cannot run here: ${reason}`);
    else await measure('failover', 'failover.bench.js');
  }
  if (!parts.includes('mesh')) return;
  for (const size of sizes) {
    await measure(`mesh-${size}`, 'mesh.bench.js', ['--nodes', size, ...(quick ? ['--quick'] : [])]);
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

function readOptions() {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '100,1000,10000' },
      only: { type: 'string', default: PARTS.join() },
      quick: { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
    },
  });
  const sizes = values.nodes.split(',');
  if (!sizes.every((size) => /^[1-9]\d{1,4}$/.test(size)))
    fail(`--nodes takes numbers from 10 to 99999, separated by commas, not ${values.nodes}`, 2);
  const parts = values.only.split(',');
  if (!parts.every((part) => PARTS.includes(part)))
    fail(`--only takes ${PARTS.join(', ')}, separated by commas, not ${values.only}`, 2);
  return { parts, sizes, quick: values.quick, tableOnly: values.table };
}
