import fc from 'fast-check';
import { isName } from '#contracts/names.js';
import { nameFromHost, withSuffix } from './node-name.js';

test.each([
  ['web-1', 'web-1'],
  ['Web1.Example.ORG', 'web1'],
  ['my_host name', 'my-host-name'],
  ['--x--', 'x'],
  ['', 'node'],
  ['日本', 'node'],
  ['a'.repeat(70), 'a'.repeat(63)],
])('%s becomes %s', (host, name) => {
  expect(nameFromHost(host)).toBe(name);
});

test('whatever the host is called, both names are names', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (host) => {
      expect(isName(nameFromHost(host))).toBe(true);
      expect(isName(withSuffix(nameFromHost(host), '0a1b'))).toBe(true);
    }),
  );
  expect(withSuffix('a'.repeat(63), '0a1b')).toHaveLength(63);
});
