const { foreignPackages, readAudit } = (await import('../../scripts/audit.mjs' as string)) as {
  foreignPackages(lock?: object): string[];
  readAudit(text: string, error?: { code?: string; message: string }): { findings: string[]; reason?: string };
};

const good = { resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz', integrity: 'sha512-x', license: 'MIT' };
const lockOf = (change: object) => ({ packages: { '': {}, 'apps/cli': {}, 'node_modules/a': { ...good, ...change } } });

test('every package that is locked comes from the public registry under a licence of the list', () => {
  expect(foreignPackages()).toEqual([]);
});

test.each<[string, object, RegExp]>([
  ['another host', { resolved: 'https://mirror.example.org/a.tgz' }, /a comes from https:\/\/mirror/],
  ['a host that begins like it', { resolved: 'https://registry.npmjs.org.example/a.tgz' }, /comes from/],
  ['a repository', { resolved: 'git+ssh://git@github.com/a/a.git#1' }, /comes from git/],
  ['no digest', { integrity: undefined }, /no SHA-512/],
  ['a weak digest', { integrity: 'sha1-x' }, /no SHA-512/],
  ['no licence', { license: undefined }, /licence of nobody/],
  ['another licence', { license: 'AGPL-3.0' }, /AGPL-3\.0/],
  ['another licence as well', { license: 'MIT AND GPL-3.0' }, /GPL-3\.0/],
])('finds %s', (_, change, problem) => {
  expect(foreignPackages(lockOf(change))).toEqual([expect.stringMatching(problem)]);
});

test('takes what names no host: the digest says what it must be', () => {
  expect(foreignPackages(lockOf({ resolved: undefined }))).toEqual([]);
});

test.each(['MIT', '(MIT OR GPL-3.0)', 'Apache-2.0 AND MIT'])('takes %s', (license) => {
  expect(foreignPackages(lockOf({ license }))).toEqual([]);
});

test('serious faults are findings, others are not, and no answer is a reason', () => {
  const fault = (severity: string) => ({
    name: severity,
    severity,
    range: '<2',
    via: [{ title: 'Overflow', url: 'https://example.org/1' }, 'other'],
  });
  const vulnerabilities = Object.fromEntries(
    ['low', 'moderate', 'high', 'critical'].map((each) => [each, fault(each)]),
  );
  expect(readAudit(JSON.stringify({ vulnerabilities }))).toEqual({
    findings: ['high <2: high, Overflow (https://example.org/1); other', expect.stringContaining('critical <2')],
    reason: undefined,
  });
  expect(readAudit('{"vulnerabilities":{}}')).toEqual({ findings: [], reason: undefined });
  for (const [text, reason] of [
    ['{"message":"405 Method Not Allowed","error":{}}', /405/],
    ['not json', /cannot|nothing/],
    ['', /nothing/],
  ] as const)
    expect(readAudit(text).reason).toMatch(reason);
  expect(readAudit('', { code: 'ETIMEDOUT', message: '' }).reason).toMatch(/ETIMEDOUT/);
});
