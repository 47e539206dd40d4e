import { afterEach, expect, jest, test } from '@jest/globals';
import { keepRunning, type Kept, type Mortal } from './kept.js';
import { silent } from './log.js';

class Part implements Mortal {
  end: (reason: string) => void = () => undefined;
  readonly exited = new Promise<string>((resolve) => (this.end = resolve));
  readonly stop = jest.fn(async () => this.end('asked'));
}

let kept: Kept<Part> | undefined;
afterEach(() => kept?.stop());

/** Starts parts, each of which fails or runs as `outcomes` says; `pauses` of real time are short. */
function world(...outcomes: ('runs' | 'fails')[]) {
  const parts: Part[] = [];
  const waiting: (() => void)[] = [];
  const start = async () => {
    const outcome = outcomes.shift() ?? 'runs';
    waiting.splice(0).forEach((wake) => wake());
    if (outcome === 'fails') throw new Error('no room');
    parts.push(new Part());
    return parts.at(-1)!;
  };
  return { parts, start, nextStart: () => new Promise<void>((resolve) => waiting.push(resolve)) };
}

test('what cannot start the first time is told to who asked', async () => {
  const { start } = world('fails');
  await expect(keepRunning({ name: 'part', start, log: silent })).rejects.toThrow('no room');
});

test('what ends by itself is started again, also when the first try fails', async () => {
  const { parts, start, nextStart } = world('runs', 'fails', 'runs');
  const replaced = new Promise<void>((resolve) => {
    void keepRunning({ name: 'part', start, onReplaced: resolve, log: silent }).then((it) => (kept = it));
  });
  await new Promise(setImmediate);
  const failing = nextStart();
  parts[0]!.end('killed');
  await failing;
  await replaced;
  expect(kept!.now).toBe(parts[1]);
});

test('what is let go and ends by itself stays ended', async () => {
  const { parts, start } = world();
  kept = await keepRunning({ name: 'part', start, log: silent });
  kept.letGo();
  parts[0]!.end('killed');
  await kept.stop();
  expect(parts).toHaveLength(1);
});

test('what was stopped stays stopped', async () => {
  const { parts, start } = world();
  kept = await keepRunning({ name: 'part', start, log: silent });
  await kept.stop();
  expect(parts).toHaveLength(1);
  expect(parts[0]!.stop).toHaveBeenCalled();
});
