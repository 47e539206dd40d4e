import { expect, test } from '@jest/globals';
import { createAccount, createOperator, createUser, fromPublic, fromSeed } from '@nats-io/nkeys';
import { createUserKey, isUserKey, nativeSigner, nkeyPair, signText, verifyText } from './nkeys.js';

const key = createUserKey();

test('signs as the library does, and each verifies the other', () => {
  const pair = fromSeed(Buffer.from(key.seed));
  const text = Buffer.from('refresh:n1:2026-11-21T00:00:00Z');
  expect(nativeSigner(key.seed).sign(text)).toEqual(Buffer.from(pair.sign(text)));
  expect(fromPublic(key.publicKey).verify(text, Buffer.from(signText(key.seed, text.toString()), 'base64'))).toBe(true);
  expect(nativeSigner(key.seed).getPublicKey()).toBe(pair.getPublicKey());
  expect(nativeSigner(key.seed).getPrivateKey()).toEqual(pair.getPrivateKey());
});

test.each([createOperator, createAccount, createUser])('writes a pair down as the library does (%p)', (create) => {
  const pair = create();
  expect(nkeyPair(pair)).toEqual({ publicKey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString() });
});

const good = { publicKey: key.publicKey, text: 'text', signature: signText(key.seed, 'text') };

test.each<[string, Partial<typeof good>, boolean]>([
  ['its own signature', {}, true],
  ['another text', { text: 'texts' }, false],
  ['another key', { publicKey: createUserKey().publicKey }, false],
  ['a signature that is cut', { signature: good.signature.slice(0, 40) }, false],
  ['no key', { publicKey: 'Unonsense' }, false],
])('verifies %s', (_, change, expected) => {
  const { publicKey, text, signature } = { ...good, ...change };
  expect(verifyText(publicKey, text, signature)).toBe(expected);
});

test.each<[string, unknown, boolean]>([
  ['a user key', key.publicKey, true],
  ['a wrong checksum', key.publicKey.slice(0, -1) + (key.publicKey.endsWith('A') ? 'B' : 'A'), false],
  ['an account key', createAccount().getPublicKey(), false],
  ['a seed', key.seed, false],
  ['a wildcard', '*', false],
  ['nothing', undefined, false],
])('tells a user key: %s', (_, value, expected) => {
  expect(isUserKey(value)).toBe(expected);
});
