import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { until } from '../../../../test/support/wait.js';
import { type Collect, QuietCollection, youngCollection } from './quiet-collection.js';

describe('QuietCollection', () => {
  let isBusy = false;
  const collect = jest.fn<Collect>();
  let collection: QuietCollection;

  beforeEach(() => {
    isBusy = false;
    collect.mockClear();
    collection = new QuietCollection(() => isBusy, collect);
  });

  it('collects once after a change for many nodes', async () => {
    collection.note(999);
    collection.note(1);
    expect(collect).not.toHaveBeenCalled();
    await setImmediate();
    expect(collect.mock.calls).toEqual([[{ type: 'minor' }]]);
  });

  it('lets small changes add up', async () => {
    for (let n = 0; n < 99; n++) collection.note(1);
    await setImmediate();
    expect(collect).not.toHaveBeenCalled();
    collection.note(1);
    await setImmediate();
    expect(collect).toHaveBeenCalledTimes(1);
  });

  it('waits for the end of the last change of several', async () => {
    isBusy = true;
    collection.note(1_000);
    await setImmediate();
    expect(collect).not.toHaveBeenCalled();
    isBusy = false;
    collection.note(1);
    await setImmediate();
    expect(collect).toHaveBeenCalledTimes(1);
  });

  it('collects nothing once it was stopped', async () => {
    collection.note(1_000);
    collection.stop();
    await setImmediate();
    expect(collect).not.toHaveBeenCalled();
  });
});

it('collects the young alone, with the function that V8 has for it', async () => {
  const seen: (number | undefined)[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.push((entry as { detail?: { kind?: number } }).detail?.kind);
  });
  observer.observe({ entryTypes: ['gc'] });
  youngCollection()({ type: 'minor' });
  await until('the collection to be noted', () => seen.includes(1));
  observer.disconnect();
});
