import { Unavailable } from '#contracts/errors.js';
import { MemoryEventStore } from '../memory/memory-event-store.js';
import { DecisionMaker, type DecisionMakerOptions } from './decision-maker.js';
import { add, count, seenFold, type Seen } from './decision-maker.fixtures.js';
import { revoked } from './event-store.contract.js';
import type { CommandAnswer, StreamAppend } from './event-store.js';
import { verifyStream } from './hash-chain.js';

/** A log whose appends are counted, and which can be away or hold an append back. */
class Log extends MemoryEventStore {
  appends: number[] = [];
  away = false;
  /** Awaited in every append, once the commands are decided. */
  inFlight: () => Promise<void> | void = () => undefined;

  override async append(parts: StreamAppend[], answers: CommandAnswer[]) {
    await this.#reach();
    await this.inFlight();
    const recorded = await super.append(parts, answers);
    this.appends.push(recorded.length);
    return recorded;
  }
  override async read(...args: Parameters<MemoryEventStore['read']>) {
    await this.#reach();
    return super.read(...args);
  }
  async #reach() {
    if (this.away) throw new Unavailable('log', 'the database is away');
  }
}

const maker = (store: MemoryEventStore, more: Partial<DecisionMakerOptions<Seen>> = {}) =>
  new DecisionMaker<Seen>({ store, fold: seenFold, snapshotEvery: 1000, ...more });

function gate(): { closed: Promise<void>; open: () => void } {
  let open!: () => void;
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

describe('execute', () => {
  test('a command becomes facts and an answer', async () => {
    const store = new Log();
    const outcome = await maker(store).execute('n', add('a'));
    expect(outcome).toEqual({ answer: { before: 0 }, version: 1, facts: await store.read('n'), repeated: false });
    expect(outcome.facts).toMatchObject([{ version: 1, data: { keyId: 'a' } }]);
  });

  test('commands that arrive together share one append, each deciding on what the ones before it made', async () => {
    const store = new Log();
    const decisions = maker(store);
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    const outcomes = await Promise.all(keys.map((key) => decisions.execute('n', add(key))));
    expect(store.appends).toEqual([100]);
    expect(outcomes.map((outcome) => outcome.answer)).toEqual(keys.map((_, before) => ({ before })));
    expect(outcomes.map((outcome) => outcome.version)).toEqual(keys.map((_, i) => i + 1));
    expect(outcomes[41]?.facts).toMatchObject([{ version: 42, data: { keyId: 'k41' } }]);
    expect(await verifyStream(store, 'n')).toMatchObject({ ok: true, version: 100 });
  });

  test('the next batch gathers while an append is in flight', async () => {
    const store = new Log();
    const decisions = maker(store);
    const [entered, opened] = [gate(), gate()];
    store.inFlight = () => (entered.open(), opened.closed);
    const first = decisions.execute('n', add('a'));
    await entered.closed;
    const rest = ['b', 'c', 'd'].map((key) => decisions.execute('n', add(key)));
    opened.open();
    await Promise.all([first, ...rest]);
    expect(store.appends).toEqual([1, 3]);
  });

  test('a refusal rejects its command only, and rests on what came before it in the batch', async () => {
    const store = new Log();
    const decisions = maker(store);
    const results = await Promise.allSettled([
      decisions.execute('n', add('a')),
      decisions.execute('n', add('a', { commandId: 'another' })),
      decisions.execute('n', add('b')),
    ]);
    expect(results).toMatchObject([
      { status: 'fulfilled', value: { version: 1 } },
      { status: 'rejected', reason: { kind: 'refusal', code: 'name_taken' } },
      { status: 'fulfilled', value: { version: 2 } },
    ]);
    expect(await store.answersOf('n', ['another'])).toEqual([]);
  });

  test('a refusal never rests on facts that did not get into the log', async () => {
    const store = new Log();
    const decisions = maker(store);
    await decisions.current('n');
    const append = store.append.bind(store);
    store.append = () => Promise.reject(new Unavailable('log', 'cut'));
    const results = await Promise.allSettled([
      decisions.execute('n', add('a')),
      decisions.execute('n', add('a', { commandId: 'another' })),
    ]);
    expect(results.map((result) => result.status === 'rejected' && result.reason.kind)).toEqual([
      'unavailable',
      'unavailable',
    ]);
    store.append = append;
    expect(await decisions.execute('n', add('a'))).toMatchObject({ version: 1, repeated: false });
  });

  test('a decider that breaks, or makes what cannot be stored, fails its own command only', async () => {
    const store = new Log();
    const decisions = maker(store);
    const broken = add('x', { decide: () => JSON.parse('{') as never });
    const unstorable = add('y', { decide: () => ({ facts: [revoked(NaN as unknown as string)], answer: null }) });
    const selfish = add('z', { also: { stream: 'n', expectedVersion: 0 } });
    const results = await Promise.allSettled(
      [add('a'), broken, add('b'), unstorable, selfish, add('c')].map((command) => decisions.execute('n', command)),
    );
    expect(results.map((result) => result.status)).toEqual([
      ...['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'],
    ]);
    expect([...(await decisions.current('n')).state.keys()].sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('the same command id', () => {
  test('gets the first answer again, from any process, and makes no second fact', async () => {
    const store = new Log();
    const first = await maker(store).execute('n', add('a'));
    await maker(store).execute('n', add('b'));
    expect(await maker(store).execute('n', add('a'))).toEqual({ ...first, repeated: true });
    expect(await store.head('n')).toBe(2);
  });

  test('gets it also within one batch', async () => {
    const store = new Log();
    const decisions = maker(store);
    const [first, second] = await Promise.all([decisions.execute('n', add('a')), decisions.execute('n', add('a'))]);
    expect(second).toEqual({ ...first, repeated: true });
    expect(await store.head('n')).toBe(1);
  });

  test('is remembered for a command that made no facts', async () => {
    const store = new Log();
    const decisions = maker(store);
    expect(await decisions.execute('n', count('c'))).toMatchObject({ answer: 0, version: 0, repeated: false });
    await decisions.execute('n', add('a'));
    expect(await maker(store).execute('n', count('c'))).toMatchObject({ answer: 0, facts: [], repeated: true });
  });

  test('is not remembered for a refused command: it may succeed later', async () => {
    const store = new Log();
    const decisions = maker(store);
    const onlySecond = add('b', {
      decide: (state) => (state.has('a') ? add('b').decide(state) : add('x').decide(state.set('x', 0))),
    });
    await expect(decisions.execute('n', onlySecond)).rejects.toMatchObject({ code: 'name_taken' });
    await decisions.execute('n', add('a'));
    expect(await decisions.execute('n', onlySecond)).toMatchObject({ version: 2, repeated: false });
  });

  test('with another fingerprint is refused, in a later batch and in the same one', async () => {
    const store = new Log();
    const decisions = maker(store);
    const [first, same] = await Promise.allSettled([
      decisions.execute('n', add('a', { commandId: 'c' })),
      decisions.execute('n', add('b', { commandId: 'c' })),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(same).toMatchObject({ reason: { code: 'idempotency_mismatch' } });
    await expect(maker(store).execute('n', add('b', { commandId: 'c' }))).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    expect(await store.head('n')).toBe(1);
  });
});

describe('another writer', () => {
  test('was first: the tail is folded and the command decided again', async () => {
    const store = new Log();
    const [a, b] = [maker(store), maker(store)];
    const results = await Promise.all([a.execute('n', add('x')), b.execute('n', add('y')), a.execute('n', add('z'))]);
    expect(results.map((outcome) => outcome.version).sort()).toEqual([1, 2, 3]);
    expect([...(await a.current('n')).state.keys()].sort()).toEqual(['x', 'y', 'z']);
  });

  test('wrote what a command needs: no refusal rests on an old state', async () => {
    const store = new Log();
    const [a, b] = [maker(store), maker(store)];
    await b.current('n');
    await a.execute('n', add('x'));
    const needsX = add('y', {
      decide: (state) => (state.has('x') ? add('y').decide(state) : add('z').decide(state.set('z', 0))),
    });
    expect(await b.execute('n', needsX)).toMatchObject({ version: 2 });
  });

  test('never stops losing: after bounded tries the caller hears that a repetition is safe', async () => {
    const store = new Log();
    const rival = new MemoryEventStore();
    let tries = 0;
    store.append = async (parts) => {
      tries += 1;
      return rival.append([{ ...parts[0]!, expectedVersion: 99 }], []);
    };
    const pauses: number[] = [];
    const decisions = maker(store, { pause: async (attempt) => void pauses.push(attempt) });
    await expect(decisions.execute('n', add('a'))).rejects.toMatchObject({ kind: 'unavailable', part: 'log' });
    expect(tries).toBe(30);
    expect(pauses.slice(0, 3)).toEqual([2, 3, 4]);
  });

  test('the same command raced by two processes happens once', async () => {
    const store = new Log();
    const outcomes = await Promise.all([maker(store), maker(store)].map((each) => each.execute('n', count('c'))));
    expect(outcomes.map((outcome) => outcome.repeated).sort()).toEqual([false, true]);
    const added = await Promise.all([maker(store), maker(store)].map((each) => each.execute('n', add('a'))));
    expect(added.map((outcome) => [outcome.version, outcome.repeated]).sort()).toEqual([
      [1, false],
      [1, true],
    ]);
  });
});

describe('facts of other streams', () => {
  test('are in the same append', async () => {
    const store = new Log();
    await maker(store).execute('system', add('net', { also: { stream: 'n', expectedVersion: 0 } }));
    expect([await store.head('system'), await store.head('n')]).toEqual([1, 1]);
    expect(store.appends).toEqual([2]);
  });

  test('at an old version: only that command is rejected, as a conflict its caller must resolve', async () => {
    const store = new Log();
    const decisions = maker(store);
    await decisions.execute('n', add('there'));
    const results = await Promise.allSettled([
      decisions.execute('system', add('a')),
      decisions.execute('system', add('b', { also: { stream: 'n', expectedVersion: 0 } })),
      decisions.execute('system', add('c')),
    ]);
    expect(results).toMatchObject([
      { value: { version: 1 } },
      { reason: { kind: 'concurrency', stream: 'n' } },
      { value: { version: 2, answer: { before: 1 } } },
    ]);
  });

  test('two commands for one other stream go one after the other', async () => {
    const store = new Log();
    const decisions = maker(store);
    const results = await Promise.allSettled(
      [0, 1, 0].map((expectedVersion, i) =>
        decisions.execute('system', add(`k${i}`, { also: { stream: 'n', expectedVersion } })),
      ),
    );
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await store.head('n')).toBe(2);
  });
});

describe('current and at', () => {
  test('current sees what others appended', async () => {
    const store = new Log();
    const [a, b] = [maker(store), maker(store)];
    expect(await a.current('n')).toMatchObject({ version: 0 });
    await b.execute('n', add('x'));
    const { state, version } = await a.current('n');
    expect([version, state.toJSON()]).toEqual([1, { x: 1 }]);
  });

  test('with the log away: memory answers whom an old state serves, nobody else, and nothing is invented', async () => {
    const store = new Log();
    const decisions = maker(store);
    await decisions.execute('n', add('x'));
    store.away = true;
    expect(await decisions.current('n', { staleOk: true })).toMatchObject({ version: 1 });
    await expect(decisions.current('n')).rejects.toMatchObject({ part: 'log' });
    await expect(decisions.current('unknown', { staleOk: true })).rejects.toMatchObject({ part: 'log' });
    await expect(decisions.execute('n', add('y'))).rejects.toMatchObject({ part: 'log' });
    store.away = false;
    expect(await decisions.execute('n', add('y'))).toMatchObject({ version: 2 });
  });

  test('at travels to any version, whatever snapshots there are', async () => {
    const store = new Log();
    const decisions = maker(store, { snapshotEvery: 3 });
    for (let i = 1; i <= 10; i++) await decisions.execute('n', add(`k${i}`));
    for (const version of [0, 1, 3, 5, 9, 10]) {
      const { state, version: reached } = await maker(store).at('n', version);
      expect([reached, state.size]).toEqual([version, version]);
    }
    expect(await decisions.at('n', 99)).toMatchObject({ version: 10 });
  });
});

describe('snapshots', () => {
  test('make a start independent of the length of the log', async () => {
    const store = new Log();
    const writer = maker(store, { snapshotEvery: 100 });
    for (let i = 0; i < 1050; i++) await writer.execute('n', add(`k${i}`));
    let folded = 0;
    const fold = {
      ...seenFold,
      evolve: (...args: Parameters<typeof seenFold.evolve>) => (folded++, seenFold.evolve(...args)),
    };
    const { version, state } = await maker(store, { fold }).current('n');
    expect([version, state.size]).toEqual([1050, 1050]);
    expect(folded).toBeLessThan(100);
  });

  test('of another schema, or unreadable, are passed over', async () => {
    const store = new Log();
    const writer = maker(store, { snapshotEvery: 1 });
    for (const key of ['a', 'b']) await writer.execute('n', add(key));
    const newer = maker(store, { fold: { ...seenFold, schema: 2 } });
    expect(await newer.current('n')).toMatchObject({ version: 2 });
    const warnings: string[] = [];
    const unreadable = { ...seenFold, fromJson: () => JSON.parse('{') as never };
    const reader = maker(store, { fold: unreadable, logger: { warn: (_, message) => warnings.push(message) } });
    expect((await reader.current('n')).state.toJSON()).toEqual({ a: 1, b: 2 });
    expect(warnings).toEqual(['snapshot unreadable, folding the whole log']);
  });

  test('that cannot be saved fail nothing', async () => {
    const store = new Log();
    store.saveSnapshot = () => Promise.reject(new Unavailable('log', 'disk full'));
    const warnings: string[] = [];
    const decisions = maker(store, { snapshotEvery: 1, logger: { warn: (_, message) => warnings.push(message) } });
    await decisions.execute('n', add('a'));
    expect(await decisions.execute('n', add('b'))).toMatchObject({ version: 2 });
    expect(warnings).toContain('snapshot not saved');
  });
});
