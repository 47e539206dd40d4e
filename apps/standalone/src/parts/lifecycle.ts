import { StartFailure } from './failure.js';
import { type Log } from './log.js';

export interface Part {
  /** Settles, with the reason, when the part ends by itself; absent for parts that cannot. */
  exited?: Promise<string>;
  stop(): void | Promise<void>;
}

/** Starts one part and keeps it to be stopped at the end. */
export type StartPart = <T extends Part>(name: string, make: () => T | Promise<T>) => Promise<T>;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program made of parts: `start` starts them in order through the function it is given, then this waits for a
 * signal or for a part that ends by itself, and stops all in reverse. A signal during the start stops what runs by
 * then. Resolves to the exit code: 0 after a signal, 1 after a failure, 2 for wrong usage.
 */
export async function runParts(log: Log, start: (part: StartPart) => Promise<void>): Promise<number> {
  const running: { name: string; part: Part }[] = [];
  const { ended, end, ending } = theEnd();
  const onSignal = (signal: NodeJS.Signals) => {
    if (!ending()) log.info({ signal }, 'stopping');
    end(0);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const fail = (error: unknown) => {
    if (!ending()) report(log, error);
    end(error instanceof StartFailure ? error.exitCode : 1);
  };

  const startPart: StartPart = async (name, make) => {
    if (ending()) throw new Error(`${name} is not started any more`);
    const part = await make();
    running.push({ name, part });
    part.exited?.then((reason) => fail(new StartFailure(`${name} stopped by itself: ${reason}.`)), fail);
    return part;
  };
  const started = start(startPart).catch(fail);
  let exitCode = await ended;
  // What was being started when the end came is there only when `start` has noticed.
  await started;
  for (const { name, part } of running.reverse()) {
    try {
      await part.stop();
    } catch (error) {
      log.error({ err: error, part: name }, 'a part did not stop cleanly');
      exitCode ||= 1;
    }
  }
  for (const signal of SIGNALS) process.off(signal, onSignal);
  return exitCode;
}

/** A promise of the exit code, decided by whoever comes first. */
function theEnd() {
  let decided = false;
  let settle: (exitCode: number) => void = () => {};
  const ended = new Promise<number>((resolve) => (settle = resolve));
  const end = (exitCode: number) => {
    decided = true;
    settle(exitCode);
  };
  return { ended, end, ending: () => decided };
}

function report(log: Log, error: unknown) {
  if (error instanceof StartFailure) log.error({}, error.message);
  else log.error({ err: error }, 'an error nobody foresaw; please report it');
}
