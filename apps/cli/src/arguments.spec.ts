import { duration, label, meshSocket, networkAndName, probeTarget, socket, wholeNumber } from './arguments.js';

test.each([
  ['90s', 90],
  ['15m', 900],
  ['24h', 86_400],
  ['7d', 604_800],
])('duration %s is %d seconds', (text, seconds) => {
  expect(duration(text)).toBe(seconds);
});

test.each(['', '5', 'h', '1.5h', '-1h', '1w', '1h2m'])('duration %j is refused with an example', (text) => {
  expect(() => duration(text)).toThrow('for instance 24h');
});

test('NETWORK/NODE has both parts and no more', () => {
  expect(networkAndName('office/web-1')).toEqual({ network: 'office', name: 'web-1' });
  for (const wrong of ['office', 'office/', '/web', 'a/b/c', ''])
    expect(() => networkAndName(wrong)).toThrow('NETWORK/NAME');
});

test('labels gather, later ones win, a value may hold an equals sign', () => {
  expect(label('b=x=y', label('a=1'))).toEqual({ a: '1', b: 'x=y' });
  expect(() => label('=1')).toThrow('KEY=VALUE');
  expect(() => label('a')).toThrow('KEY=VALUE');
});

test('whole numbers only', () => {
  expect(wholeNumber('0')).toBe(0);
  for (const wrong of ['', '-1', '1.0', '1e3', 'x']) expect(() => wholeNumber(wrong)).toThrow('whole number');
});

test.each([
  ['10.43.0.10:443', { address: '10.43.0.10', port: 443 }],
  ['[FD00:0::10]:53', { address: 'fd00::10', port: 53 }],
])('%s is an address and a port', (text, parts) => {
  expect(socket(text)).toEqual(parts);
  expect(meshSocket(text)).toEqual(parts);
  expect(probeTarget(text)).toEqual(parts);
});

test.each([
  '10.43.0.10',
  'web:443',
  'fd00::10:53',
  '[10.0.0.1]:53',
  '10.0.0.1:0',
  '10.0.0.1:65536',
  '10.0.0.1/32:80',
  '',
])('%j is no address and port', (text) => {
  expect(() => socket(text)).toThrow('ADDRESS:PORT');
});

test('where a service is published, the address may be left to the server', () => {
  expect(meshSocket(':443')).toEqual({ port: 443 });
  for (const wrong of [':0', ':65536', ':x', '443', ':']) expect(() => meshSocket(wrong)).toThrow('ADDRESS:PORT');
});

test('a probe tries an address, an address and a port, or nothing', () => {
  expect(probeTarget('10.0.0.5')).toEqual({ address: '10.0.0.5' });
  expect(probeTarget('FD00::5')).toEqual({ address: 'fd00::5' });
  expect(probeTarget('none')).toBe('none');
  expect(() => probeTarget('database')).toThrow('ADDRESS:PORT');
});
