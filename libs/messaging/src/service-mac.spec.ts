import { createSealKeys } from './node-seal.js';
import { type ProvenMessage, ServiceMac } from './service-mac.js';

const { privateKey } = createSealKeys();
const mac = new ServiceMac(privateKey);
const message: ProvenMessage = { kind: 'command', subject: 'a.b', context: '1.x', body: '{"n":1}' };

test('another process with the same key agrees, as text and as bytes', () => {
  const proof = mac.prove(message);
  expect(new ServiceMac(privateKey).isProven({ ...message, body: Buffer.from('{"n":1}') }, proof)).toBe(true);
});

test.each<[string, Partial<ProvenMessage>]>([
  ['kind', { kind: 'fact' }],
  ['subject', { subject: 'a.c' }],
  ['context', { context: '1.y' }],
  ['context that is left out', { context: '' }],
  ['body', { body: '{"n":2}' }],
  ['place of a border', { subject: 'a.b\n1.x', context: '' }],
])('another %s is not proven', (_, change) => {
  expect(mac.isProven({ ...message, ...change }, mac.prove(message))).toBe(false);
});

test('no proof, a part of one, or one of another key is none', () => {
  const proof = mac.prove(message);
  for (const wrong of [
    undefined,
    '',
    proof.slice(1),
    `${proof}A`,
    new ServiceMac(createSealKeys().privateKey).prove(message),
  ])
    expect(mac.isProven(message, wrong)).toBe(false);
});
