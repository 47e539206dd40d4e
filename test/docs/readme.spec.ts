import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true }).map((file) => join('docs', String(file))),
].filter((file) => file.endsWith('.md'));
const readme = readFileSync('README.md', 'utf8');

test.each(documents)('every link in %s leads to a file', (document) => {
  const links = [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1]!);
  const broken = links.filter((link) => !existsSync(join(dirname(document), link)));
  expect(broken).toEqual([]);
});

test('the trace of one change names its files in the order of the way, from the command line to the kernel', () => {
  const trace = readme.slice(readme.indexOf('<!-- trace:begin'), readme.indexOf('<!-- trace:end'));
  const folders = [...trace.matchAll(/\]\((apps|libs)\/([a-z-]+)\//g)].map((match) => match[2]);
  expect(folders[0]).toBe('cli');
  expect(folders.length).toBeGreaterThan(12);
  for (const folder of [
    'registry',
    'event-store',
    'messaging',
    'topology',
    'planner',
    'topology-planner',
    'wireguard',
    'agent',
  ])
    expect(folders).toContain(folder);
});

test('every dependency is in the table that says what it is for', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const table = readme.slice(readme.indexOf('## Dependencies'));
  const missing = Object.keys(dependencies).filter(
    (name) => !table.includes(`\`${name}\``) && !table.includes(`\`${name.split('/')[0]}/*\``),
  );
  expect(missing).toEqual([]);
});

test('commands that the README tells to type exist', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!);
  expect(named.filter((name) => !scripts[name])).toEqual([]);
});
