import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readDesired } from '../../apps/cli/src/apply/desired.js';
import { optionsOf, placeIn } from '../../apps/cli/src/completion/place.js';
import { createProgram } from '../../apps/cli/src/program.js';

const docs = readFileSync('docs/cli.md', 'utf8');
const rows = docs.split('\n').filter((line) => line.startsWith('| `'));

/** Commands that are run, each as the words that lead to it. */
const leaves = ({ commands }: Command, before: string[] = []): string[][] =>
  commands
    .filter((command) => !command.name().startsWith('__'))
    .flatMap((command) => {
      const words = [...before, command.name()];
      return command.commands.length > 0 ? leaves(command, words) : [words];
    });

test.each(leaves(createProgram()).map((words) => [words.join(' '), words]))(
  '`tombolo %s` is documented',
  (_line, words) => {
    const [noun = '', verb] = [words[0], words.at(-1)];
    const said = rows.filter((row) => row.includes(`\`${noun}`)).join('\n');
    expect(said).toMatch(new RegExp(`\\b${verb}\\b`));
  },
);

/** What documents tell to type, from their blocks of code. */
const typed = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => readFileSync(join('docs', name), 'utf8').match(/^(?:\$ )?tombolo [^\n]*/gm) ?? [])
  .map((line) => line.replace(/ +#.*| *\|.*| *\\$/, '').replace(/^\$ /, ''));

test.each(typed)('`%s` is a command as there is one', (line) => {
  const program = createProgram();
  const words = line.split(/\s+/).slice(1);
  const { command, given } = placeIn(program, [...words, '']);
  expect(command.commands).toEqual([]);
  expect(given.length).toBeLessThanOrEqual(command.registeredArguments.length);
  const known = optionsOf(command, program).flatMap(({ long, short }) => [long, short]);
  for (const word of words.filter((one) => /^--?[a-z]/.test(one))) expect(known).toContain(word.split('=')[0]);
});

test('the file that is shown for an example can be read', () => {
  const [, example = ''] = /```yaml\n([^]*?)```/.exec(docs) ?? [];
  const desired = readDesired(example);
  expect(Object.keys(desired)).toEqual(['network', 'nodes', 'clusters', 'gateways', 'links', 'publications']);
});
