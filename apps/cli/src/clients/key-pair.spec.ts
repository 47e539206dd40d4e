import { createPrivateKey, createPublicKey } from 'node:crypto';
import { keyPairOf, newKeyPair, publicKey } from './key-pair.js';

/** As another implementation of X25519 derives it. */
function opensslPublicKey(privateKey: string): string {
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b656e04220420', 'hex'),
    Buffer.from(privateKey, 'base64'),
  ]);
  const key = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
  return Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url').toString('base64');
}

test('key pairs are new each time, and X25519', () => {
  const pair = newKeyPair();
  expect(opensslPublicKey(pair.privateKey)).toBe(pair.publicKey);
  expect(keyPairOf(pair.privateKey)).toEqual(pair);
  expect(newKeyPair().privateKey).not.toBe(pair.privateKey);
});

test.each(['', 'x', 'A'.repeat(44), `${'A'.repeat(42)}B=`, `${'A'.repeat(43)}=\n`])('%j is no private key', (text) => {
  expect(keyPairOf(text)).toBeUndefined();
});

test('a public key is checked before anybody is asked', () => {
  const shared = newKeyPair().publicKey;
  expect(publicKey(shared)).toBe(shared);
  for (const wrong of ['', 'key', `${'A'.repeat(43)}=`, shared.slice(1)])
    expect(() => publicKey(wrong)).toThrow('wg pubkey');
});
