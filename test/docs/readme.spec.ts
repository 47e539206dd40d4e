import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true }).map((file) => join('docs', String(file))),
].filter((file) => file.endsWith('.md'));
const readme = readFileSync('README.md', 'utf8');
const scripts = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts);
const folders = ['apps', 'deploy', 'docs', 'examples', 'libs', 'scripts', 'test'];
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
);
const names = new Set(files.map((file) => basename(file)));

test.each(documents)('every link in %s leads to a file', (document) => {
  const links = [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1]!);
  const broken = links.filter((link) => !existsSync(join(dirname(document), link)));
  expect(broken).toEqual([]);
});

test.each(documents)('every file, folder and test that %s names is there', (document) => {
  const quoted = [...readFileSync(document, 'utf8').matchAll(/`([^`\s]+)`/g)].map((match) => match[1]!);
  const paths = quoted.filter((text) => folders.includes(text.split('/')[0]!) && text.includes('/'));
  const isThere = (path: string) => (path.includes('*') ? files.some((file) => matches(file, path)) : existsSync(path));
  expect(paths.filter((path) => !isThere(path.replace(/:\d+$/, '')))).toEqual([]);
  const tests = quoted.filter((text) => /^[\w.-]+\.(spec|lab|bench)\.ts$/.test(text));
  expect(tests.filter((name) => !names.has(name))).toEqual([]);
});

/** `*` stands for anything within a folder. */
function matches(file: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`).test(file);
}

test('the trace of one change names its files in the order of the way, from the command line to the kernel', () => {
  const trace = readme.slice(readme.indexOf('<!-- trace:begin'), readme.indexOf('<!-- trace:end'));
  const passed = [...trace.matchAll(/\]\((apps|libs)\/([a-z-]+)\//g)].map((match) => match[2]);
  expect(passed[0]).toBe('cli');
  expect(passed.length).toBeGreaterThan(12);
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
    expect(passed).toContain(folder);
});

test('every dependency is in the table that says what it is for', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const table = readme.slice(readme.indexOf('## Dependencies'));
  const missing = Object.keys(dependencies).filter(
    (name) => !table.includes(`\`${name}\``) && !table.includes(`\`${name.split('/')[0]}/*\``),
  );
  expect(missing).toEqual([]);
});

test.each(documents)('every `npm run` that %s tells to type is a script', (document) => {
  const named = [...readFileSync(document, 'utf8').matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!);
  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
});

test('the map of folders names every application and library', () => {
  const layout = readme.slice(readme.indexOf('## Layout'), readme.indexOf('## Documents'));
  const parts = ['apps', 'libs'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  expect(parts.filter((part) => !layout.includes(`\`${part}\``))).toEqual([]);
});

test('every document of docs is linked from the README', () => {
  const own = documents.filter((document) => dirname(document) === 'docs');
  expect(own.filter((document) => !readme.includes(`](${document})`))).toEqual([]);
});
