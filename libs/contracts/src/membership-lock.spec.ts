import fc from 'fast-check';
import { operator } from '../../../test/support/operator.js';
import { verifyNatively } from '#service/verify-natively.js';
import { isSignature, isSigningKey, signerOf, verifyText } from './ed25519.js';
import {
  disablementOf,
  followLock,
  type LockChange,
  type LockEntry,
  lockHash,
  type LockPin,
  lockStep,
  lockText,
  MOST_LOCK_ENTRIES,
  NO_PIN,
  readLockChain,
  readLockEntry,
} from './membership-lock.js';
import { changeAfter, signLock } from './sign-membership.js';

const [ann, bob, eve] = [operator(1), operator(2), operator(3)];
const secret = 's'.repeat(43);

const first: LockChange = {
  networkId: '01930000-0000-7000-8000-000000000001',
  serial: 1,
  previous: null,
  ranges: ['10.90.0.0/16'],
  keys: [ann.publicKey],
  disablement: disablementOf(secret),
};
const genesis = signLock(first, ann);
const both = signLock(changeAfter(genesis, { keys: [ann.publicKey, bob.publicKey] }), ann);
const bobAlone = signLock(changeAfter(both, { keys: [bob.publicKey] }), bob);
const off = signLock(changeAfter(bobAlone, { keys: [] }), bob);
const chain = [genesis, both, bobAlone, off];

const pinOf = (entry: LockEntry): LockPin => ({ fingerprint: lockHash(genesis), entry });
const follow = (pin: LockPin, entries: unknown) => followLock(pin, entries, verifyNatively);

describe('the same signatures as everybody else makes', () => {
  // RFC 8032 §7.1, test 2.
  const seed = Uint8Array.from(Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex'));

  test('keys and signatures of RFC 8032', () => {
    const key = signerOf(seed);
    const hex = (text: string) => Buffer.from(text, 'base64').toString('hex');
    expect(hex(key.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    expect(hex(key.sign('r'))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  test('Node agrees, both ways', () => {
    const [ours, theirs] = [signerOf(new Uint8Array(32).fill(4)), operator(4)];
    const text = 'tombolo – 10.90.0.1';
    expect(ours.publicKey).toBe(theirs.publicKey);
    expect(ours.sign(text)).toBe(theirs.sign(text));
    expect([verifyText, verifyNatively].map((verify) => verify(text, ours.sign(text), ours.publicKey))).toEqual([
      true,
      true,
    ]);
  });

  test('another text, key or signature is not good, and nothing throws', () => {
    const signature = ann.sign('a');
    for (const verify of [verifyText, verifyNatively]) {
      expect(verify('a', signature, ann.publicKey)).toBe(true);
      expect(verify('b', signature, ann.publicKey)).toBe(false);
      expect(verify('a', signature, bob.publicKey)).toBe(false);
      expect(verify('a', ann.sign('b'), ann.publicKey)).toBe(false);
      fc.assert(fc.property(fc.string(), (text) => !verify('a', text, ann.publicKey) && !verify('a', signature, text)));
    }
    expect([isSigningKey(ann.publicKey), isSignature(signature)]).toEqual([true, true]);
    expect([isSigningKey(signature), isSignature(ann.publicKey), isSigningKey(null)]).toEqual([false, false, false]);
  });
});

describe('one entry after another', () => {
  test('each is good where it stands, and nowhere else', () => {
    const before = [undefined, ...chain];
    for (const [at, entry] of chain.entries())
      for (const [place, previous] of before.entries())
        expect([at, place, lockStep(previous, entry, verifyNatively).outcome]).toEqual([
          at,
          place,
          at === place ? 'good' : 'bad',
        ]);
  });

  test.each<[string, LockEntry | undefined, LockEntry]>([
    ['the first, signed by nobody it names', undefined, signLock(first, eve)],
    ['the first, without a key', undefined, signLock({ ...first, keys: [] }, ann)],
    ['a key that is not trusted yet', genesis, signLock(changeAfter(genesis, { keys: [eve.publicKey] }), eve)],
    ['a key that was removed', bobAlone, signLock(changeAfter(bobAlone, { keys: [ann.publicKey] }), ann)],
    ['changed after it was signed', genesis, { ...both, keys: [ann.publicKey, eve.publicKey].sort() }],
    [
      'of another network',
      genesis,
      signLock({ ...changeAfter(genesis, {}), networkId: first.networkId.replace(/1$/, '2') }, ann),
    ],
    ['other ranges', genesis, signLock({ ...changeAfter(genesis, {}), ranges: ['10.91.0.0/16'] }, ann)],
    ['another secret', genesis, signLock(changeAfter(genesis, { disablement: disablementOf('t'.repeat(43)) }), ann)],
    ['a serial that is left out', genesis, signLock({ ...changeAfter(genesis, {}), serial: 3 }, ann)],
    ['another history', genesis, signLock({ ...changeAfter(genesis, {}), previous: lockHash(both) }, ann)],
    ['off, twice', off, signLock(changeAfter(off, {}), bob)],
    ['a wrong secret', genesis, { ...changeAfter(genesis, { keys: [] }), secret: 't'.repeat(43) }],
    ['the right secret for anything but off', genesis, { ...changeAfter(genesis, { keys: [eve.publicKey] }), secret }],
    ['a signature of another kind of text', genesis, { ...both, signature: ann.sign(lockText(genesis)) }],
  ])('%s is bad', (_, before, next) => {
    expect(lockStep(before, next, verifyNatively).outcome).toBe('bad');
  });

  test('the secret takes the lock off when all keys are lost', () => {
    expect(lockStep(both, { ...changeAfter(both, { keys: [] }), secret }, verifyNatively).outcome).toBe('good');
  });

  test('after it was off, whoever puts it on again is believed, as at first', () => {
    const again = signLock(
      changeAfter(off, { keys: [eve.publicKey], disablement: disablementOf('t'.repeat(43)) }),
      eve,
    );
    expect(lockStep(off, again, verifyNatively).outcome).toBe('good');
  });
});

describe('what is remembered', () => {
  test('who knows nothing believes a whole chain, and from then on only what follows', () => {
    expect(follow(NO_PIN, chain.slice(0, 2))).toEqual({ pin: pinOf(both) });
    expect(follow(pinOf(genesis), chain)).toEqual({ pin: pinOf(off) });
    expect(follow(pinOf(both), chain.slice(0, 2))).toEqual({ pin: pinOf(both) });
  });

  test('who pinned the fingerprint believes no other lock', () => {
    const pin = { fingerprint: lockHash(genesis), entry: null };
    expect(follow(pin, chain.slice(0, 1)).pin).toEqual(pinOf(genesis));
    const other = signLock({ ...first, keys: [eve.publicKey] }, eve);
    expect(follow(pin, [other])).toEqual({ pin, problem: expect.stringContaining('pinned') });
  });

  test.each<[string, LockPin, unknown, string]>([
    ['an older chain', pinOf(bobAlone), chain.slice(0, 2), 'ends before entry 3'],
    ['none at all', pinOf(genesis), [], 'ends before entry 1'],
    [
      'another history that a removed key began',
      pinOf(bobAlone),
      [genesis, both, signLock(changeAfter(both, { keys: [ann.publicKey] }), ann)],
      'another one than is known',
    ],
    ['a chain that ends in a forged entry', NO_PIN, [genesis, { ...both, keys: [eve.publicKey] }], 'entry 2'],
    ['what is no chain', pinOf(genesis), [{ ...genesis, serial: '1' }], 'damaged'],
    ['no list', pinOf(genesis), undefined, 'damaged'],
  ])('%s changes nothing, and it is told why', (_, pin, entries, why) => {
    expect(follow(pin, entries)).toEqual({ pin, problem: expect.stringContaining(why) });
  });
});

test('only entries are read as entries', () => {
  expect(readLockChain(chain)).toEqual(chain);
  expect(readLockEntry({ ...genesis, more: 1 })).toEqual(genesis);
  const withSecret = { ...changeAfter(genesis, { keys: [] }), secret };
  expect(readLockEntry(withSecret)).toEqual(withSecret);
  const bad: Record<string, unknown>[] = [
    { networkId: 'x' },
    { serial: 0 },
    { serial: 1.5 },
    { previous: 'x' },
    { ranges: 'x' },
    { ranges: ['a', 'b', 'c'] },
    { keys: [ann.publicKey, ann.publicKey] },
    { keys: [ann.publicKey, bob.publicKey].sort().reverse() },
    { keys: ['x'] },
    { keys: Array.from({ length: 9 }, (_, n) => operator(n).publicKey).sort() },
    { disablement: null },
    { by: 'x' },
    { signature: 'x' },
    { secret },
  ];
  for (const fields of bad) expect([fields, readLockEntry({ ...genesis, ...fields })]).toEqual([fields, undefined]);
  expect(readLockEntry({ ...withSecret, secret: 'short' })).toBeUndefined();
  expect(readLockChain(new Array(MOST_LOCK_ENTRIES + 1).fill(genesis))).toBeUndefined();
  fc.assert(fc.property(fc.anything(), (value) => readLockEntry(value) === undefined));
});
