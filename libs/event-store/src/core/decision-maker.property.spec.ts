import { Unavailable } from '#contracts/errors.js';
import fc from 'fast-check';
import { MemoryEventStore } from '../memory/memory-event-store.js';
import { DecisionMaker } from './decision-maker.js';
import { add, seenFold, type Seen } from './decision-maker.fixtures.js';
import type { CommandAnswer, ReadOptions, StreamAppend } from './event-store.js';
import { verifyStream } from './hash-chain.js';

/** One process's way to the log: every call arrives when the scheduler says, and may be cut before or after it took effect. */
class Wire extends MemoryEventStore {
  constructor(
    private readonly log: MemoryEventStore,
    private readonly scheduler: fc.Scheduler,
    private readonly cuts: ('before' | 'after' | 'no')[],
  ) {
    super();
  }
  override read = (stream: string, options?: ReadOptions) => this.#call(() => this.log.read(stream, options));
  override answersOf = (stream: string, ids: string[]) => this.#call(() => this.log.answersOf(stream, ids));
  override snapshot = (stream: string, options: { schema: number }) =>
    this.#call(() => this.log.snapshot(stream, options));
  override saveSnapshot: MemoryEventStore['saveSnapshot'] = (snapshot) =>
    this.#call(() => this.log.saveSnapshot(snapshot));
  override async append(parts: StreamAppend[], answers: CommandAnswer[]) {
    const cut = this.cuts.shift() ?? 'no';
    if (cut === 'before') return this.#call(() => Promise.reject(new Unavailable('log', 'cut before')));
    const recorded = await this.#call(() => this.log.append(parts, answers));
    if (cut === 'after') throw new Unavailable('log', 'cut after');
    return recorded;
  }
  async #call<T>(act: () => Promise<T>): Promise<T> {
    await this.scheduler.schedule(Promise.resolve());
    const result = await act();
    await this.scheduler.schedule(Promise.resolve());
    return result;
  }
}

const cuts = fc.array(fc.constantFrom('no' as const, 'no' as const, 'before' as const, 'after' as const), {
  maxLength: 6,
});
/** Few keys and few ids, so that commands meet their like: repeated, refused and mismatched ones come up often. */
const commands = fc.array(
  fc.record({
    process: fc.nat(1),
    key: fc.constantFrom(...'abcdefgh'),
    id: fc.constantFrom('1', '2'),
    batch: fc.nat(3),
  }),
  { maxLength: 24 },
);

test('two processes on one log: versions without gaps, every acknowledged command exactly once, every fact acknowledged or unknown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), cuts, cuts, commands, async (scheduler, cutsA, cutsB, wanted) => {
      const log = new MemoryEventStore();
      const makers = [cutsA, cutsB].map(
        (each) =>
          new DecisionMaker<Seen>({ store: new Wire(log, scheduler, [...each]), fold: seenFold, snapshotEvery: 2 }),
      );
      const results = wanted.map(async ({ process, key, id, batch }) => {
        for (let i = 0; i < batch; i++) await scheduler.schedule(Promise.resolve());
        const command = add(key, { commandId: `${key}${id}` });
        return makers[process]!.execute('n', command).then(
          (outcome) => ({ command, outcome }),
          (error: { kind: string }) => ({ command, error }),
        );
      });
      await scheduler.waitFor(Promise.all(results));

      const facts = await log.read('n');
      expect(facts.map((fact) => fact.version)).toEqual(facts.map((_, i) => i + 1));
      expect(await verifyStream(log, 'n')).toMatchObject({ ok: true, version: facts.length });
      const ids = facts.map((fact) => fact.metadata.commandId);
      expect(new Set(ids).size).toBe(ids.length);
      const keys = facts.map((fact) => (fact.data as { keyId: string }).keyId);
      expect(new Set(keys).size).toBe(keys.length);

      const acknowledged = new Set<string>();
      const unknown = new Set<string>();
      for (const result of await Promise.all(results)) {
        const { commandId } = result.command;
        if ('outcome' in result) {
          acknowledged.add(commandId);
          expect(result.outcome.facts).toEqual(facts.filter((fact) => fact.metadata.commandId === commandId));
          expect(result.outcome.facts).toHaveLength(1);
        } else if (result.error.kind === 'refusal') {
          expect(ids).not.toContain(commandId);
        } else {
          expect(result.error.kind).toBe('unavailable');
          unknown.add(commandId);
        }
      }
      for (const id of ids) expect(acknowledged.has(id) || unknown.has(id)).toBe(true);
      for (const each of makers) {
        const current = scheduler.waitFor(each.current('n'));
        expect((await current).state.toJSON()).toEqual(Object.fromEntries(keys.map((key, i) => [key, i + 1])));
      }
    }),
    { numRuns: 1000 },
  );
}, 60_000);
