import { SharedRuns, Turns } from './shared-runs.js';

/** Work that waits to be let go, in the order it began. */
function held() {
  const begun: { key: string; end: (error?: Error) => void }[] = [];
  const work = (key: string) =>
    new Promise<void>((resolve, reject) => begun.push({ key, end: (error) => (error ? reject(error) : resolve()) }));
  return { begun, work, keys: () => begun.map(({ key }) => key) };
}
const turnOfEvents = () => new Promise<void>((resolve) => setImmediate(resolve));

test('callers during a run share the next one, which begins after it', async () => {
  const { begun, work, keys } = held();
  const runs = new SharedRuns(work);
  const first = runs.run('a');
  const [second, third] = [runs.run('a'), runs.run('a')];
  expect(keys()).toEqual(['a']);
  begun[0]!.end();
  await first;
  // Between the end of one run and the begin of the next: joins the next.
  const fourth = runs.run('a');
  await turnOfEvents();
  expect(keys()).toEqual(['a', 'a']);
  begun[1]!.end();
  await Promise.all([second, third, fourth]);
  expect(begun).toHaveLength(2);
});

test('keys do not wait for each other, and a failure reaches those who share the run and nobody else', async () => {
  const { begun, work, keys } = held();
  const runs = new SharedRuns(work);
  const [a1, a2, b] = [runs.run('a'), runs.run('a'), runs.run('b')];
  expect(keys()).toEqual(['a', 'b']);
  begun[0]!.end(new Error('first'));
  await expect(a1).rejects.toThrow('first');
  await turnOfEvents();
  begun[1]!.end();
  begun[2]!.end();
  await expect(Promise.all([a2, b])).resolves.toEqual([undefined, undefined]);
});

test('idle waits for what runs and for what waits', async () => {
  const { begun, work } = held();
  const runs = new SharedRuns(work);
  void runs.run('a');
  void runs.run('a');
  let idle = false;
  const waiting = runs.idle().then(() => (idle = true));
  begun[0]!.end();
  await turnOfEvents();
  expect([begun.length, idle]).toEqual([2, false]);
  begun[1]!.end();
  await waiting;
});

test('turns admit so many at a time, also after a failure', async () => {
  const { begun, work, keys } = held();
  const turns = new Turns(2);
  const results = Promise.allSettled(['a', 'b', 'c', 'd'].map((key) => turns.during(() => work(key))));
  await turnOfEvents();
  expect(keys()).toEqual(['a', 'b']);
  begun[1]!.end(new Error('b fails'));
  await turnOfEvents();
  expect(keys()).toEqual(['a', 'b', 'c']);
  begun[0]!.end();
  begun[2]!.end();
  await turnOfEvents();
  begun[3]!.end();
  expect((await results).map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});
