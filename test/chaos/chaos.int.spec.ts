import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { whatNamespacesLack } from '../support/namespaces.js';

const missing = whatNamespacesLack();
const who = missing ? 'all simulated agents' : 'all agents, simulated and real ones,';
const agents = missing ? 0 : 2;

/** A short one of a known seed; `npm run chaos` makes long ones. Outside Jest, whose sandbox makes it much slower. */
test(`load and faults from a seed: everything that was acknowledged is kept, and ${who} follow`, async () => {
  const flags = ['--schedules', '1', '--seed', '3', '--seconds', '8', '--agents', String(agents)];
  const program = spawn(process.execPath, ['dist/test/chaos/chaos.js', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(program, 'exit');
  const said = await text(program.stdout);
  // What it says when it fails is how to repeat it.
  expect(said).toMatch(new RegExp(`^seed 3: ok, ${agents} real agents, [1-9].*\\n$`));
  expect(await ended).toEqual([0, null]);
}, 400_000);

if (missing) test.skip(`real agents among them (skipped: ${missing})`, () => undefined);
