import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createAccount, createUser } from '@nats-io/nkeys';
import { natsKey, natsKeyOf, wireguardKey } from '../../../test/support/network-facts.js';
import { natsKeyErrors, publicKeyErrors } from './public-keys.js';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('WireGuard public keys', () => {
  test('32 bytes but zero are a key; any other length is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), key32, (other, key) => {
        expect(publicKeyErrors('publicKey', base64(key))).toHaveLength(key.every((byte) => byte === 0) ? 1 : 0);
        expect(publicKeyErrors('publicKey', base64(other))).toHaveLength(other.length === 32 ? 0 : 1);
      }),
    );
  });

  test.each([
    ['31 bytes', base64(new Uint8Array(31).fill(7)), 'exactly 32 bytes'],
    ['33 bytes', base64(new Uint8Array(33).fill(7)), 'exactly 32 bytes'],
    ['all zero', base64(new Uint8Array(32)), 'all zero'],
    ['bits beyond the last byte', wireguardKey(1).replace(/.=$/, 'B='), 'exactly 32 bytes'],
    ['base64url', `${'_'.repeat(42)}A=`, 'exactly 32 bytes'],
    ['space around it', ` ${wireguardKey(1)}`, 'exactly 32 bytes'],
    ['nothing', '', 'exactly 32 bytes'],
    ['no text', 7, 'exactly 32 bytes'],
  ])('refused: %s', (_what, key, message) => {
    expect(publicKeyErrors('publicKey', key)).toEqual([
      { field: 'publicKey', message: expect.stringContaining(message) },
    ]);
  });
});

describe('NATS user keys', () => {
  test('every key that nkeys writes', () => {
    expect(natsKeyErrors('natsKey', createUser().getPublicKey())).toEqual([]);
    fc.assert(fc.property(key32, (key) => expect(natsKeyErrors('natsKey', natsKeyOf(key))).toEqual([])));
  });

  test('no key with one letter changed', () => {
    fc.assert(
      fc.property(fc.nat(55), fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'), (index, letter) => {
        const key = natsKey(1);
        const changed = key.slice(0, index) + letter + key.slice(index + 1);
        expect(natsKeyErrors('natsKey', changed)).toHaveLength(changed === key ? 0 : 1);
      }),
    );
  });

  test.each([
    ['an account', createAccount().getPublicKey()],
    ['a seed', new TextDecoder().decode(createUser().getSeed())],
    ['a wildcard', '*'],
    ['lower case', natsKey(1).toLowerCase()],
    ['nothing', ''],
  ])('refused: %s', (_what, key) => {
    expect(natsKeyErrors('natsKey', key)).toEqual([
      { field: 'natsKey', message: expect.stringContaining('NATS user') },
    ]);
  });
});
