/** Exit codes of `tombolo`, part of the public interface (docs/cli.md). */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, notFound: 4, unreachable: 5 } as const;

/** Ends the command with a sentence on standard error and one of the documented codes. */
export class CommandFailed extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
    /** HTTP status, where a server answered. */
    readonly status?: number,
  ) {
    super(message);
    this.name = 'CommandFailed';
  }
}
