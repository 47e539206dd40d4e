import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isUserKey } from '#messaging/nkeys.js';
import { isWgKey } from '#wireguard/core/wg-key.js';
import { makeNodeKeys } from './node-keys.js';

/** By OpenSSL (RFC 8410 §7), as an oracle. */
function publicOf(privateKey: string): string {
  const der = Buffer.concat([
    Buffer.from('302e020100300506032b656e04220420', 'hex'),
    Buffer.from(privateKey, 'base64'),
  ]);
  const { x = '' } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  });
  return Buffer.from(x, 'base64url').toString('base64');
}

test('keys are what WireGuard, the seal and the broker take, and never the same twice', () => {
  const keys = makeNodeKeys();
  for (const { publicKey, privateKey } of [keys.tunnel, keys.control]) {
    expect(isWgKey(publicKey)).toBe(true);
    expect(publicOf(privateKey)).toBe(publicKey);
  }
  expect(isUserKey(keys.nats.publicKey)).toBe(true);
  const all = [keys, makeNodeKeys()].flatMap(({ tunnel, control, nats }) => [
    tunnel.privateKey,
    control.privateKey,
    nats.seed,
  ]);
  expect(new Set(all).size).toBe(6);
});
