import { describe, expect, it } from '@jest/globals';
import { StartFailure } from './failure.js';
import { runParts } from './lifecycle.js';
import { type Log } from './log.js';

/** What happened, in order. */
function stage() {
  const seen: string[] = [];
  const log: Log = {
    info: (_fields, message) => seen.push(`info ${message}`),
    warn: (_fields, message) => seen.push(`warn ${message}`),
    error: (_fields, message) => seen.push(`error ${message}`),
  };
  const part = (name: string, exited?: Promise<string>) => () => {
    seen.push(`start ${name}`);
    return { exited, stop: () => void seen.push(`stop ${name}`) };
  };
  return { seen, log, part };
}
const signals = () => process.listenerCount('SIGTERM');

describe('the life of the parts', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends by %s, in reverse, with exit code 0', async (signal) => {
    const { seen, log, part } = stage();
    const before = signals();
    const exitCode = await runParts(log, async (start) => {
      await start('a', part('a'));
      await start('b', part('b'));
      process.emit(signal);
      process.emit(signal);
    });
    expect(exitCode).toBe(0);
    expect(seen).toEqual(['start a', 'start b', 'info stopping', 'stop b', 'stop a']);
    expect(signals()).toBe(before);
  });

  it('starts nothing more after a signal', async () => {
    const { seen, log, part } = stage();
    const exitCode = await runParts(log, async (start) => {
      await start('a', part('a'));
      process.emit('SIGTERM');
      await start('b', part('b'));
    });
    expect(exitCode).toBe(0);
    expect(seen).toEqual(['start a', 'info stopping', 'stop a']);
  });

  it('stops a part that was being started when the signal came', async () => {
    const { seen, log, part } = stage();
    const exitCode = await runParts(log, async (start) => {
      await start('slow', async () => {
        process.emit('SIGTERM');
        return part('slow')();
      });
    });
    expect(exitCode).toBe(0);
    expect(seen).toEqual(['info stopping', 'start slow', 'stop slow']);
  });

  it.each([
    ['refuses with a sentence', new StartFailure('The port is taken.', 1), 1, 'error The port is taken.'],
    ['is used wrongly', new StartFailure('No such flag.', 2), 2, 'error No such flag.'],
    ['has a bug', new TypeError('x is undefined'), 1, 'error an error nobody foresaw; please report it'],
  ])('stops what runs when a part %s', async (_how, error, exitCode, said) => {
    const { seen, log, part } = stage();
    const run = runParts(log, async (start) => {
      await start('a', part('a'));
      await start('b', () => Promise.reject(error));
    });
    expect(await run).toBe(exitCode);
    expect(seen).toEqual(['start a', said, 'stop a']);
  });

  it('stops everything when a part dies', async () => {
    const { seen, log, part } = stage();
    let die: (reason: string) => void = () => {};
    const exited = new Promise<string>((resolve) => (die = resolve));
    const exitCode = await runParts(log, async (start) => {
      await start('a', part('a', exited));
      await start('b', part('b'));
      die('killed by SIGKILL');
    });
    expect(exitCode).toBe(1);
    expect(seen).toEqual(['start a', 'start b', 'error a stopped by itself: killed by SIGKILL.', 'stop b', 'stop a']);
  });

  it('does not mistake a part that ends while it is stopped for one that died', async () => {
    const { seen, log } = stage();
    const exitCode = await runParts(log, async (start) => {
      let end: (reason: string) => void = () => {};
      const exited = new Promise<string>((resolve) => (end = resolve));
      await start('a', () => ({ exited, stop: () => end('as asked') }));
      process.emit('SIGTERM');
    });
    expect(exitCode).toBe(0);
    expect(seen).toEqual(['info stopping']);
  });

  it('stops the others when one does not stop cleanly, and says so', async () => {
    const { seen, log, part } = stage();
    const exitCode = await runParts(log, async (start) => {
      await start('a', part('a'));
      await start('b', () => ({ stop: () => Promise.reject(new Error('stuck')) }));
      process.emit('SIGTERM');
    });
    expect(exitCode).toBe(1);
    expect(seen).toEqual(['start a', 'info stopping', 'error a part did not stop cleanly', 'stop a']);
  });
});
