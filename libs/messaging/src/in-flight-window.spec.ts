import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InFlightWindow } from './in-flight-window.js';

test('never runs more than its size, starts in order, and a failure gives its place back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.scheduler(),
      async (size, fates, scheduler) => {
        const window = new InFlightWindow(size);
        const started: number[] = [];
        let running = 0;
        const runs = fates.map((works, index) =>
          window.run(async () => {
            started.push(index);
            expect(++running).toBeLessThanOrEqual(size);
            await scheduler.schedule(Promise.resolve());
            running -= 1;
            if (!works) throw new Error('failed');
            return index;
          }),
        );
        const settled = Promise.allSettled(runs);
        const results = await scheduler.waitFor(settled);
        expect(started).toEqual(fates.map((_, index) => index));
        expect(results.map(({ status }) => status === 'fulfilled')).toEqual(fates);
      },
    ),
  );
});
