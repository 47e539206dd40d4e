/**
 * Runs a task for many callers: one run serves all who asked before it began, and runs never overlap. So what a caller gets was
 * never begun before it asked.
 */
export class SharedRun<Result> {
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<Result> | undefined;

  constructor(private readonly task: () => Promise<Result>) {}

  run(): Promise<Result> {
    return (this.#next ??= this.#afterRunning());
  }

  async #afterRunning(): Promise<Result> {
    await this.#running.catch(() => undefined);
    this.#next = undefined;
    const run = this.task();
    this.#running = run;
    return run;
  }
}
