import { SharedRun } from './shared-run.js';

/** A task whose runs end when the test says so. */
function task() {
  const ends: ((error?: Error) => void)[] = [];
  const shared = new SharedRun(
    () =>
      new Promise<number>((resolve, reject) => {
        const number = ends.length + 1;
        ends.push((error) => (error ? reject(error) : resolve(number)));
      }),
  );
  return { shared, ends };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('those who ask together share a run', async () => {
  const { shared, ends } = task();
  const asked = [shared.run(), shared.run()];
  await settled();
  ends[0]!();
  expect(await Promise.all(asked)).toEqual([1, 1]);
  expect(ends).toHaveLength(1);
});

test('who asks while a run is under way gets the next one, which begins when that has ended', async () => {
  const { shared, ends } = task();
  const first = shared.run();
  await settled();
  const later = [shared.run(), shared.run()];
  await settled();
  expect(ends).toHaveLength(1);
  ends[0]!();
  expect(await first).toBe(1);
  await settled();
  ends[1]!();
  expect(await Promise.all(later)).toEqual([2, 2]);
});

test('a run that fails is told to those it was for alone', async () => {
  const { shared, ends } = task();
  const first = shared.run();
  await settled();
  const later = shared.run();
  ends[0]!(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await settled();
  ends[1]!();
  expect(await later).toBe(2);
});
