import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readDesired } from '../../apps/cli/src/apply/desired.js';
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

test('the file that is shown for an example can be read', () => {
  const [, example = ''] = /```yaml\n([^]*?)```/.exec(docs) ?? [];
  const desired = readDesired(example);
  expect(Object.keys(desired)).toEqual(['network', 'nodes', 'clusters', 'gateways', 'links', 'publications']);
});
