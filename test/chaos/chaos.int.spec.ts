import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A short one of known seeds; `npm run chaos` makes long ones. Outside Jest, whose sandbox makes it much slower. */
test('load and faults from two seeds: everything that was acknowledged is kept, and all agents follow', async () => {
  const flags = ['--schedules', '2', '--seed', '3', '--seconds', '5'];
  const program = spawn(process.execPath, ['dist/test/chaos/chaos.js', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(program, 'exit');
  const said = await text(program.stdout);
  // What it says when it fails is how to repeat it.
  expect(said).toMatch(/^seed 3: ok, [1-9].*\nseed 4: ok, [1-9].*\n$/);
  expect(await ended).toEqual([0, null]);
}, 400_000);
