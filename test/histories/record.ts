import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { GATEWAY_NAMES, recordGatewayHistories } from './gateway-scenario.js';
import { parseHistory, replay, type Outcome } from './replay.js';
import { NAMES, recordHistories } from './scenario.js';

/** Release → what it can do that none before it could. */
const SCENARIOS = new Map([
  ['0.1', { record: recordHistories, names: NAMES }],
  ['0.2', { record: recordGatewayHistories, names: GATEWAY_NAMES }],
]);

/**
 * `node dist/test/histories/record.js DIR` records the histories of a release once, then writes what replaying them
 * leads to. Recorded files are never written again; outcomes are, when the shape of a state has grown.
 */
async function main(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const scenario = SCENARIOS.get(basename(directory));
  if (!scenario) throw new Error(`there is no scenario for ${directory}`);
  for (const [stream, facts] of scenario.record()) {
    const file = join(directory, `${stream === SYSTEM_STREAM ? stream : scenario.names[stream]}.jsonl`);
    if (existsSync(file)) console.log(`${file} is recorded already`);
    else await writeFile(file, facts.map((fact) => `${JSON.stringify(fact)}\n`).join(''));
  }
  const outcomes: Record<string, Outcome> = {};
  for (const file of (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).sort())
    outcomes[file] = replay(parseHistory(await readFile(join(directory, file), 'utf8')));
  await writeFile(join(directory, 'outcomes.json'), `${JSON.stringify(outcomes, null, 2)}\n`);
}

const [directory] = process.argv.slice(2);
if (!directory)
  throw new Error('name the directory of the release: node dist/test/histories/record.js test/histories/0.1');
await main(directory);
