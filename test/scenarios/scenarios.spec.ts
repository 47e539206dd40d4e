import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPlan } from '#planner/check-plan.js';
import { planAll } from '#planner/plan-node.js';
import { Scenario } from './scenario.js';

const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here).filter((name) => name.endsWith('.txt'));

/**
 * `> command`, then its answer, indented; everything else is prose. With TOMBOLO_REWRITE=1 the answers are written
 * anew instead of compared: read the diff before committing it.
 */
test.each(files)('%s', (name) => {
  const told = readFileSync(join(here, name), 'utf8');
  const scenario = new Scenario();
  const played = told
    .split('\n')
    .filter((line) => !line.startsWith('  '))
    .flatMap((line) =>
      line.startsWith('> ') ? [line, ...scenario.run(line.slice(2)).map((answer) => `  ${answer}`)] : [line],
    )
    .join('\n');

  if (process.env.TOMBOLO_REWRITE) writeFileSync(join(here, name), played);
  else expect(played).toBe(told);
  expect(checkPlan(scenario.history.state, planAll(scenario.history.state))).toEqual([]);
});
