import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzResult } from '../fuzz/fuzz-target.js';
import { describeMachine, type Machine } from './machine.js';
import { campaignTable, type ChaosResult, type SimulationResult } from './campaign-table.js';
import { withTable } from './table.js';

const RESULTS = join('bench', 'results');
const DOCUMENT = join('docs', 'reliability.md');

/** What campaigns of random inputs and schedules came to, by the name of their result. */
export interface Kept {
  machine: Machine;
}

/** Keeps what a campaign came to and writes its table anew; from the repository's root. */
export async function keepResult(name: string, result: object): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  const kept = { machine: await describeMachine(), ...result };
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(DOCUMENT, withCampaigns(readFileSync(DOCUMENT, 'utf8')));
}

/** @returns the text of docs/reliability.md with the tables of all campaigns made anew */
export function withCampaigns(text: string): string {
  const [chaos] = read<ChaosResult>(/^chaos\.json$/);
  const table = campaignTable({
    chaos,
    simulations: read<SimulationResult>(/^simulation-/),
    fuzzed: read<FuzzResult>(/^fuzz-/),
  });
  return withTable(text, table, 'campaigns');
}

/** Those of these names, by name. */
function read<Result>(name: RegExp): (Result & Kept)[] {
  const files = readdirSync(RESULTS).filter((file) => name.test(file));
  return files.sort().map((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as Result & Kept);
}
