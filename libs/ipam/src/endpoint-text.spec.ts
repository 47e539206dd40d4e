import { expect, test } from '@jest/globals';
import { formatEndpoint, parseEndpoint } from './endpoint-text.js';

test.each([
  ['1.2.3.4:51820', '1.2.3.4', 51820],
  ['[fd00::1]:51820', 'fd00::1', 51820],
  ['[2001:db8::1]:1', '2001:db8::1', 1],
  ['10.0.0.1:65535', '10.0.0.1', 65535],
])('%s both ways', (text, address, port) => {
  expect(parseEndpoint(text)).toEqual({ address, port });
  expect(formatEndpoint(address, port)).toBe(text);
});

test('the address comes back in canonical form', () => {
  expect(parseEndpoint('[FD00:0::1]:7')).toEqual({ address: 'fd00::1', port: 7 });
});

test.each([
  '1.2.3.4',
  '1.2.3.4:',
  '1.2.3.4:0',
  '1.2.3.4:65536',
  '1.2.3.4:051820',
  '1.2.3.4:-1',
  'fd00::1:51820',
  '[fd00::1]',
  '[1.2.3.4]:51820',
  'example.com:51820',
  '1.2.3.256:51820',
  '[fe80::1%eth0]:51820',
  '',
])('refused: %j', (text) => {
  expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
