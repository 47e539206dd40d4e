import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A change of fewer messages leaves too little behind. */
const WORTH_COLLECTING = 100;

export type Collect = (options: { type: 'minor' }) => void;

/**
 * Clears away what a change for many nodes left behind as soon as nothing waits: each seal leaves objects of OpenSSL, which cost
 * a collection several microseconds, and one that has to deal with several changes at once comes in the middle of another.
 * Where changes follow each other without a pause, collections come when they must.
 */
export class QuietCollection {
  #messages = 0;
  #due: NodeJS.Immediate | undefined;

  constructor(
    /** Whether a change is on its way. */
    private readonly isBusy: () => boolean,
    private readonly collect: Collect = youngCollection(),
  ) {}

  /** So many messages were published. */
  note(messages: number): void {
    this.#messages += messages;
    if (this.#messages >= WORTH_COLLECTING) this.#due ??= setImmediate(() => this.#look());
  }

  stop(): void {
    clearImmediate(this.#due);
  }

  #look(): void {
    this.#due = undefined;
    if (this.isBusy()) return;
    this.#messages = 0;
    this.collect({ type: 'minor' });
  }
}

/** V8's own function, which Node shows to a context that is made while the flag is set. */
export function youngCollection(): Collect {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
