import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConcurrencyConflict } from '#contracts/errors.js';
import type { CommandAnswer, EventStore, NewFact, RecordedFact } from './event-store.js';
import { GENESIS_HASH, chainFacts, verifyChain, verifyStream } from './hash-chain.js';
import type { Upcasters } from './upcast.js';

/** The smallest fact there is. */
export function revoked(keyId: string, commandId = `command-of-${keyId}`): NewFact {
  const metadata = { actor: 'token/admin', commandId, at: '2026-11-20T10:00:00.000Z' };
  return { type: 'EnrolmentKeyRevoked', data: { keyId }, metadata };
}

export function answerOf(stream: string, commandId: string, more: Partial<CommandAnswer> = {}): CommandAnswer {
  return { stream, commandId, fingerprint: 'f1', answer: { ok: true }, versions: [], ...more };
}

/** What every adapter is tested with. `open` gives an empty store, with upcasters where a test brings some. */
export interface StoreUnderTest {
  open(options?: { upcasters?: Upcasters }): EventStore | Promise<EventStore>;
  close(): Promise<void>;
}

const versions = (facts: RecordedFact[]) => facts.map((fact) => fact.version);

export function eventStoreContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of the log`, () => {
    let under: StoreUnderTest;
    let store: EventStore;
    let count = 0;
    /** A stream no other test uses. */
    const fresh = () => `net-${++count}`;
    const grow = async (stream: string, keys: string[]) => {
      const expectedVersion = await store.head(stream);
      return store.append([{ stream, expectedVersion, facts: keys.map((key) => revoked(key)) }], []);
    };

    beforeAll(async () => {
      under = await start();
      store = await under.open();
    });
    afterAll(() => under.close());

    test('an unknown stream is empty', async () => {
      const stream = fresh();
      expect(await store.read(stream)).toEqual([]);
      expect(await store.head(stream)).toBe(0);
      expect(await store.versionAt(stream, '2100-01-01T00:00:00Z')).toBe(0);
      expect(await store.answersOf(stream, ['c'])).toEqual([]);
      expect(await store.snapshot(stream, { schema: 1 })).toBeUndefined();
      expect(await verifyStream(store, stream)).toEqual({ ok: true, version: 0, hash: GENESIS_HASH });
    });

    test('facts are numbered without gaps, chained, and read back as they were returned', async () => {
      const stream = fresh();
      const first = await grow(stream, ['a', 'b']);
      const second = await grow(stream, ['c']);
      expect(versions([...first, ...second])).toEqual([1, 2, 3]);
      const read = await store.read(stream);
      expect(read).toEqual([...first, ...second]);
      expect(read[0]).toMatchObject({ stream, ...revoked('a') });
      const head = { version: 0, hash: GENESIS_HASH };
      const expected = chainFacts(
        stream,
        head,
        ['a', 'b', 'c'].map((key) => revoked(key)),
      );
      expect(read.map((fact) => fact.hash)).toEqual(expected.map((fact) => fact.hash));
      expect(await store.head(stream)).toBe(3);
    });

    test.each<[string, { after?: number; upTo?: number; limit?: number }, number[]]>([
      ['all', {}, [1, 2, 3, 4, 5]],
      ['after', { after: 3 }, [4, 5]],
      ['up to', { upTo: 2 }, [1, 2]],
      ['a window', { after: 1, upTo: 4 }, [2, 3, 4]],
      ['a limit', { after: 1, limit: 2 }, [2, 3]],
      ['a limit beyond the window', { after: 1, upTo: 2, limit: 9 }, [2]],
      ['past the end', { after: 9 }, []],
    ])('reads %s', async (_, options, expected) => {
      const stream = fresh();
      await grow(stream, ['a', 'b', 'c', 'd', 'e']);
      expect(versions(await store.read(stream, options))).toEqual(expected);
    });

    test('a text that JSON must escape survives and verifies', async () => {
      const stream = fresh();
      const odd = 'quote " backslash \\ newline \n nul \u0000 tab \t ü 漢 😀 {"a",b} \u2028';
      await grow(stream, [odd]);
      expect((await store.read(stream))[0]?.data).toEqual({ keyId: odd });
      expect(await verifyStream(store, stream)).toMatchObject({ ok: true, version: 1 });
    });

    test.each([
      ['behind', 1],
      ['ahead', 3],
      ['new', 0],
    ])('a writer whose stream is %s loses, and nothing is written', async (_, expectedVersion) => {
      const stream = fresh();
      await grow(stream, ['a', 'b']);
      const append = store.append([{ stream, expectedVersion, facts: [revoked('x')] }], [answerOf(stream, 'x')]);
      await expect(append).rejects.toEqual(new ConcurrencyConflict(stream, expectedVersion));
      expect(await store.head(stream)).toBe(2);
      expect(await store.answersOf(stream, ['x'])).toEqual([]);
    });

    test('an unknown stream has no version to follow', async () => {
      const append = store.append([{ stream: fresh(), expectedVersion: 4, facts: [revoked('x')] }], []);
      await expect(append).rejects.toBeInstanceOf(ConcurrencyConflict);
    });

    test('of many writers at one version exactly one wins', async () => {
      const stream = fresh();
      await grow(stream, ['a']);
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) =>
          store.append([{ stream, expectedVersion: 1, facts: [revoked(`w${i}`), revoked(`w${i}'`)] }], []),
        ),
      );
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ConcurrencyConflict);
      }
      expect(versions(await store.read(stream))).toEqual([1, 2, 3]);
      expect(await verifyStream(store, stream)).toMatchObject({ ok: true, version: 3 });
    });

    test('parts of several streams are written together or not at all', async () => {
      const [a, b] = [fresh(), fresh()];
      await grow(b, ['b1']);
      const parts = (expectedB: number) => [
        { stream: a, expectedVersion: 0, facts: [revoked('a1')] },
        { stream: b, expectedVersion: expectedB, facts: [revoked('b2'), revoked('b3')] },
      ];
      await expect(store.append(parts(0), [])).rejects.toEqual(new ConcurrencyConflict(b, 0));
      expect(await store.head(a)).toBe(0);
      const recorded = await store.append(parts(1), []);
      const of = (stream: string) => versions(recorded.filter((fact) => fact.stream === stream));
      expect([of(a), of(b)]).toEqual([[1], [2, 3]]);
      expect(await verifyStream(store, b)).toMatchObject({ ok: true, version: 3 });
    });

    test('a part without facts is ignored', async () => {
      const stream = fresh();
      expect(await store.append([{ stream, expectedVersion: 7, facts: [] }], [])).toEqual([]);
      expect(await store.head(stream)).toBe(0);
    });

    test('an answer is kept with its facts, per stream, and found by id', async () => {
      const [stream, other] = [fresh(), fresh()];
      const answer = answerOf(stream, 'c1', { answer: { nodeId: 'n', odd: '\u0000"' }, versions: [1] });
      await store.append([{ stream, expectedVersion: 0, facts: [revoked('a')] }], [answer]);
      expect(await store.answersOf(stream, ['c0', 'c1'])).toEqual([answer]);
      expect(await store.answersOf(other, ['c1'])).toEqual([]);
    });

    test('an answer can come without facts, and one id has one answer', async () => {
      const stream = fresh();
      await grow(stream, ['a']);
      await store.append([], [answerOf(stream, 'c1', { answer: null }), answerOf(stream, 'c2')]);
      const again = store.append([{ stream, expectedVersion: 1, facts: [revoked('b')] }], [answerOf(stream, 'c1')]);
      await expect(again).rejects.toMatchObject({ kind: 'concurrency', stream });
      expect(await store.head(stream)).toBe(1);
      expect((await store.answersOf(stream, ['c1', 'c2'])).map((found) => found.answer)).toEqual([null, { ok: true }]);
    });

    test('a time finds the version that was newest then', async () => {
      const stream = fresh();
      const recorded = await grow(stream, ['a', 'b']);
      const { recordedAt } = recorded[0]!;
      const before = new Date(Date.parse(recordedAt) - 1).toISOString();
      expect(await store.versionAt(stream, recordedAt)).toBe(2);
      expect(await store.versionAt(stream, before)).toBe(0);
      expect(await store.versionAt(stream, '2100-01-01T00:00:00Z')).toBe(2);
    });

    test('heads lists every stream with its newest version', async () => {
      const [a, b] = [fresh(), fresh()];
      await grow(a, ['a']);
      await grow(b, ['a', 'b', 'c']);
      const heads = await store.heads();
      expect([heads.get(a), heads.get(b), heads.get(fresh())]).toEqual([1, 3, undefined]);
    });

    test('the newest snapshot of the schema, at or before a version', async () => {
      const stream = fresh();
      const save = (version: number, schema = 1) =>
        store.saveSnapshot({ stream, version, schema, state: { at: version, schema } });
      for (const version of [10, 30, 20]) await save(version);
      await save(40, 2);
      expect(await store.snapshot(stream, { schema: 2 })).toMatchObject({ version: 40, state: { at: 40, schema: 2 } });
      expect(await store.snapshot(stream, { schema: 2, upTo: 39 })).toBeUndefined();
      expect(await store.snapshot(stream, { schema: 3 })).toBeUndefined();
    });

    test('saving a snapshot twice does no harm, and time travel finds an older one', async () => {
      const stream = fresh();
      for (const version of [10, 20, 20]) await store.saveSnapshot({ stream, version, schema: 1, state: { version } });
      expect(await store.snapshot(stream, { schema: 1 })).toEqual({
        stream,
        version: 20,
        schema: 1,
        state: { version: 20 },
      });
      expect(await store.snapshot(stream, { schema: 1, upTo: 19 })).toMatchObject({ version: 10 });
      expect(await store.snapshot(stream, { schema: 1, upTo: 9 })).toBeUndefined();
    });

    test('listeners hear of every commit with facts until they end, and of no failure', async () => {
      const stream = fresh();
      const heard: RecordedFact[][] = [];
      const end = store.onAppended((facts) => heard.push(facts));
      const recorded = await grow(stream, ['a', 'b']);
      await store.append([{ stream, expectedVersion: 0, facts: [revoked('x')] }], []).catch(() => undefined);
      await store.append([], [answerOf(stream, 'no facts')]);
      end();
      await grow(stream, ['c']);
      expect(heard).toEqual([recorded]);
    });

    test('upcasters change what is read, never what was recorded', async () => {
      const stream = fresh();
      const upcasters: Upcasters = {
        EnrolmentKeyRevoked: (recorded) => ({ keyId: `new-${(recorded as { keyId: string }).keyId}` }),
      };
      const later = await under.open({ upcasters });
      await later.append([{ stream, expectedVersion: 0, facts: [revoked('old')] }], []);
      const read = await later.read(stream);
      expect(read[0]?.data).toEqual({ keyId: 'new-old' });
      expect((await later.read(stream, { asRecorded: true }))[0]?.data).toEqual({ keyId: 'old' });
      expect(verifyChain(read).ok).toBe(false);
      expect(await verifyStream(later, stream)).toMatchObject({ ok: true, version: 1 });
    });
  });
}
