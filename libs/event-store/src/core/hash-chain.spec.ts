import { createHash } from 'node:crypto';
import { canonicalJson } from '#contracts/canonical.js';
import fc from 'fast-check';
import { revoked } from './event-store.contract.js';
import type { NewFact, RecordedFact } from './event-store.js';
import { GENESIS_HASH, chainFacts, verifyChain } from './hash-chain.js';

const GENESIS = { version: 0, hash: GENESIS_HASH };
const record = (facts: NewFact[], stream = 'n'): RecordedFact[] =>
  chainFacts(stream, GENESIS, facts).map((chained, i) => ({
    ...facts[i]!,
    ...{ stream, version: chained.version, hash: chained.hash, recordedAt: '' },
  }));

test('a hash is SHA-256 over the predecessor and the canonical content', () => {
  const [first, second] = chainFacts('net', GENESIS, [revoked('a'), revoked('b')]);
  const { type, data, metadata } = revoked('b');
  const content = canonicalJson({ stream: 'net', version: 2, type, data, metadata });
  expect(second?.hash).toBe(
    createHash('sha256')
      .update(first!.hash + content)
      .digest('hex'),
  );
});

test('the pinned hash of a known fact: chains of released versions must verify forever', () => {
  expect(chainFacts('net', GENESIS, [revoked('a')])[0]?.hash).toMatchInlineSnapshot(
    `"b870cb64cd72a3072e33dafd7eb938bbf5698a51919755e5b5f802c9452a27f8"`,
  );
});

test('any JSON hashes alike by the pure and the native hasher', () => {
  const native = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.string({ unit: 'binary' }), (values, stream) => {
      const facts = values.map((value) => ({ ...revoked('k'), data: value }) as unknown as NewFact);
      expect(chainFacts(stream, GENESIS, facts, native)).toEqual(chainFacts(stream, GENESIS, facts));
    }),
  );
});

test('field order and absent fields do not matter', () => {
  const { type, data, metadata } = revoked('a');
  const { actor, commandId, at } = metadata;
  const shuffled = { metadata: { at, commandId, causationId: undefined, actor }, data, type } as NewFact;
  expect(chainFacts('n', GENESIS, [shuffled])).toEqual(chainFacts('n', GENESIS, [revoked('a')]));
});

describe('verifyChain', () => {
  const facts = ['a', 'b', 'c', 'd'].map((key) => revoked(key));

  test('finds an honest log whole, in one piece or in pages', () => {
    const log = record(facts);
    const head = { version: 4, hash: log[3]!.hash };
    expect(verifyChain(log)).toEqual({ ok: true, ...head });
    const page = verifyChain(log.slice(0, 2));
    expect(page.ok && verifyChain(log.slice(2), page)).toEqual({ ok: true, ...head });
    expect(verifyChain([], head)).toEqual({ ok: true, ...head });
  });

  test.each<[string, (log: RecordedFact[]) => RecordedFact[], object]>([
    ['changed data', (log) => change(log, 2, { data: { keyId: 'x' } }), { version: 3, differs: 'hash' }],
    [
      'a changed actor',
      (log) => change(log, 1, { metadata: { ...log[1]!.metadata, actor: 'x' } }),
      { version: 2, differs: 'hash' },
    ],
    [
      'a changed hash',
      (log) => change(log, 1, { hash: 'f'.repeat(64) }),
      { version: 2, differs: 'hash', found: 'f'.repeat(64) },
    ],
    [
      'a fact that is missing',
      (log) => log.toSpliced(1, 1),
      { version: 2, differs: 'version', expected: 'n:2', found: 'n:3' },
    ],
    ['a fact that is doubled', (log) => log.toSpliced(1, 0, log[0]!), { version: 2, differs: 'version', found: 'n:1' }],
    [
      'a fact of another stream',
      (log) => change(log, 3, { stream: 'm' }),
      { version: 4, differs: 'version', found: 'm:4' },
    ],
    ['a changed fact with its own hash made good', (log) => rehash(log, 1), { version: 3, differs: 'hash' }],
  ])('names the first broken version: %s', (_, tamper, expected) => {
    expect(verifyChain(tamper(record(facts)))).toMatchObject({ ok: false, ...expected });
  });
});

const change = (log: RecordedFact[], i: number, more: Partial<RecordedFact>) =>
  log.with(i, { ...log[i]!, ...more } as RecordedFact);

function rehash(log: RecordedFact[], i: number): RecordedFact[] {
  const forged = revoked('forged');
  const before = log[i - 1]!;
  const [chained] = chainFacts('n', before, [forged]);
  return change(log, i, { ...forged, hash: chained!.hash });
}
