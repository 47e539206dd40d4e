import { duration, label, networkAndName, wholeNumber } from './arguments.js';

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
