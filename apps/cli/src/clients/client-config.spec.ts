import { leaksNames, privateKeyIn, withPrivateKey } from './client-config.js';
import { newKeyPair } from './key-pair.js';

const { privateKey } = newKeyPair();

test.each([
  ['a line to fill in', '[Interface]\nPrivateKey = \nAddress = 10.0.0.7/32\n'],
  ['a hint in that line', '[Interface]\nPrivateKey = <yours>\nAddress = 10.0.0.7/32\n'],
  ['no such line', '[Interface]\nAddress = 10.0.0.7/32\n'],
])('the private key goes into a configuration with %s', (_what, text) => {
  const whole = withPrivateKey(text, privateKey);
  expect(whole).toBe(`[Interface]\nPrivateKey = ${privateKey}\nAddress = 10.0.0.7/32\n`);
  expect(privateKeyIn(whole)).toBe(privateKey);
});

test('a private key is read alone or out of a configuration, and nothing else is one', () => {
  expect(privateKeyIn(`${privateKey}\n`)).toBe(privateKey);
  for (const text of ['', '[Interface]\nPrivateKey = \n', '[Interface]\nPrivateKey = x\n', 'hello'])
    expect(privateKeyIn(text)).toBeUndefined();
});

test('whoever sends everything through the tunnel is told that names may not go there', () => {
  const config = { addresses: [], mtu: 1420, keepalive: 25, peer: { publicKey: '', endpoint: '' }, text: '' };
  expect(leaksNames({ ...config, dns: null, allowedIps: ['10.90.0.0/16'] })).toBe(false);
  expect(leaksNames({ ...config, dns: null, allowedIps: ['::/0'] })).toBe(true);
  expect(leaksNames({ ...config, dns: ['10.90.0.1'], allowedIps: ['0.0.0.0/0'] })).toBe(false);
});
