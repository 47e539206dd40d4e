import { forgetSources } from './forget-sources.js';

const line = (n: number, endpoint: string) => `key-${n}\t(none)\t${endpoint}\t10.90.0.${n}/32\t0\t0\t0\toff`;
const dump = (...lines: string[]) => ['private\tpublic\t51820\toff', ...lines, ''].join('\n');

test('every peer that has an endpoint gets it again', () => {
  const text = dump(line(1, '192.0.2.1:51820'), line(2, '(none)'), line(3, '[2001:db8::3]:51820'));
  expect(forgetSources('tmb0', text)).toEqual([
    ['set', 'tmb0', 'peer', 'key-1', 'endpoint', '192.0.2.1:51820', 'peer', 'key-3', 'endpoint', '[2001:db8::3]:51820'],
  ]);
});

test('there are as many commands as needed, none for nobody', () => {
  const many = Array.from({ length: 501 }, (_, n) => line(n, '192.0.2.1:51820'));
  expect(forgetSources('tmb0', dump(...many)).map((args) => (args.length - 2) / 4)).toEqual([500, 1]);
  expect(forgetSources('tmb0', dump())).toEqual([]);
});
