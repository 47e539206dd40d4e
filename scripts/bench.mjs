/**
 * `npm run bench -- [--nodes 100,1000,10000] [--quick] [--table]`: measures, writes bench/results/*.json and the table in
 * README.md. Everything runs on two processors, generator included. `--table` writes the table alone.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';
import { bound, fail, output, root } from './run.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '100,1000,10000' },
    quick: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
});
const results = join(root, 'bench', 'results');
const readme = join(root, 'README.md');
/** One measurement ends after this long, whatever it does. */
/** `NATS/1.0`, `Tombolo-Head: …` and the blank line, as the planner sends them. */
const HEAD_BYTES = 73;
const LIMIT_MS = 20 * 60_000;

if (!values.table) {
  if (!(await prepare())) process.exit(1);
  mkdirSync(results, { recursive: true });
  keep('log', measure('append.bench.js', []));
  keep('planner', measure('planner.bench.js', []));
  for (const nodes of values.nodes.split(',')) {
    if (!/^\d+$/.test(nodes)) fail(`--nodes takes numbers separated by commas, not ${values.nodes}`, 2);
    keep(`mesh-${nodes}`, measure('mesh.bench.js', ['--nodes', nodes, ...(values.quick ? ['--quick'] : [])]));
  }
}
const table = renderTable();
const text = readFileSync(readme, 'utf8');
const [begin, end] = [text.indexOf('<!-- bench:begin'), text.indexOf('<!-- bench:end')];
const marker = text.slice(begin, text.indexOf('-->', begin) + 3);
writeFileSync(readme, `${text.slice(0, begin)}${marker}\n${table}\n${text.slice(end)}`);
console.log(table);

function measure(program, args) {
  console.log(`== ${program} ${args.join(' ')}`);
  const command = [process.execPath, join('dist', 'test', 'bench', program), ...args];
  const [file, ...rest] = bound(output('taskset', ['-p', '1']) ? ['taskset', '-c', '0,1', ...command] : command);
  const { status, stdout } = spawnSync(file, rest, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) fail(`${program} failed (see above)`);
  return JSON.parse(stdout);
}

function keep(name, result) {
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

function renderTable() {
  const read = (file) => JSON.parse(readFileSync(join(results, file), 'utf8'));
  const meshes = readdirSync(results)
    .filter((file) => /^mesh-\d+\.json$/.test(file))
    .map(read)
    .sort((a, b) => a.nodes - b.nodes);
  if (meshes.length === 0) return '_Nothing measured yet: `npm run bench`._';
  const rows = [
    ['', ...meshes.map(({ nodes }) => `${nodes.toLocaleString('en')} nodes`)],
    ['---', ...meshes.map(() => '---')],
    row(
      'join → last agent has the peer, idle: p50 / p99 / max',
      ({ join }) => `${join.ms.p50} / ${join.ms.p99} / ${join.ms.max} ms`,
    ),
    row('joins measured', ({ join }) => join.joins),
    row('messages per join', ({ traffic }) => traffic.messagesPerJoin),
    row('bytes per recipient: sent by us / with the headers the broker adds', ({ traffic }) => {
      const { total, payload, subject } = traffic.bytesPerRecipient;
      return `${Math.round(payload + subject + HEAD_BYTES)} / ${Math.round(total)} B`;
    }),
    row(
      'CPU per join: services / PostgreSQL / NATS / generator',
      ({ join: { cpuSecondsPerJoin: cpu } }) =>
        [cpu.standalone, cpu.postgres, cpu.nats, cpu.generator]
          .map((seconds) => `${Math.round(seconds * 1000)}`)
          .join(' / ') + ' ms',
    ),
    row('burst of 200 joins → all agents have all', ({ burst }) => `${burst.secondsUntilLevel} s`),
    ...['SIGTERM', 'SIGKILL'].map((signal) =>
      row(`everything restarted after ${signal} → plans again`, ({ restarts }) => {
        const restart = restarts.find((one) => one.signal === signal);
        return restart ? `${(restart.planningMs / 1000).toFixed(1)} s` : '–';
      }),
    ),
  ].map((cells) => `| ${cells.join(' | ')} |`);
  const { log } = read('log.json');
  const { machine } = meshes.at(-1);
  const facts = Object.entries(log).filter(([, value]) => typeof value === 'number');
  return [
    ...rows,
    '',
    `The log (fsync ${log.fsync}): ${facts.map(([name, value]) => `${name} ${value}`).join(', ')}.`,
    '',
    `${machine.cpu}, ${machine.cores} cores for all of it, Node ${machine.node}, PostgreSQL ${machine.postgres}, nats-server ${machine.nats}, commit ${machine.commit}, ${machine.measuredAt.slice(0, 10)}; load before: ${machine.loadBefore}. Written by \`npm run bench\`; more in [docs/performance.md](docs/performance.md).`,
  ].join('\n');

  function row(name, cell) {
    return [name, ...meshes.map((mesh) => cell(mesh))];
  }
}
