import fc from 'fast-check';

/** One part of Tombolo that takes what others send. */
export interface FuzzTarget {
  name: string;
  /** In the bounded part of `npm test`. */
  boundedRuns: number;
  open(): Promise<Campaign>;
}

/** Inputs, and what takes them. */
export interface Campaign {
  inputs: fc.Arbitrary<unknown>;
  /** @throws when the input did harm */
  feed(input: unknown): void | Promise<void>;
  /** What came of the inputs so far, for people: a campaign in which all is refused proves little. */
  outcomes(): Record<string, number>;
  /** @throws when what is left is not sound */
  close(): Promise<void>;
}

/** A target whose inputs are of one type. */
export function campaign<Input>(parts: {
  inputs: fc.Arbitrary<Input>;
  feed(input: Input, count: (outcome: string) => void): void | Promise<void>;
  close?(): Promise<void>;
}): Campaign {
  const outcomes: Record<string, number> = {};
  const count = (outcome: string) => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
  return {
    inputs: parts.inputs,
    feed: (input) => parts.feed(input as Input, count),
    outcomes: () => outcomes,
    close: async () => parts.close?.(),
  };
}

export interface FuzzResult {
  target: string;
  runs: number;
  seed: number;
  seconds: number;
  outcomes: Record<string, number>;
}

/**
 * Feeds a target. The same seed gives the same inputs; what they meet is what those before them left, so a failure is
 * repeated by the whole run, and nothing is shrunk.
 * @throws Error with seed, input and the command that repeats it
 */
export async function fuzz(target: FuzzTarget, { runs, seed }: { runs: number; seed: number }): Promise<FuzzResult> {
  const started = performance.now();
  const { inputs, feed, outcomes, close } = await target.open();
  const property = fc.asyncProperty(inputs, async (input) => feed(input));
  const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
  const failure = details.failed
    ? details.errorInstance
    : await close().then(
        () => undefined,
        (error: unknown) => error,
      );
  if (details.failed) await close().catch(() => undefined);
  if (failure !== undefined) {
    const [input] = details.counterexample ?? [];
    throw new Error(
      `${target.name} after ${details.numRuns} of ${runs} inputs: ${String((failure as Error).stack)}\n` +
        `input: ${fc.stringify(input)}\nagain: npm run fuzz -- --target ${target.name} --runs ${runs} --seed ${seed}`,
      { cause: failure },
    );
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { target: target.name, runs, seed, seconds, outcomes: outcomes() };
}
