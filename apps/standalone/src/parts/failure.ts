/** Why `up` cannot go on, as one sentence that says what to do next. `exitCode` is 2 for wrong usage, 1 for all else. */
export class StartFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StartFailure';
  }
}

/** The sentence for a file operation that failed: no room, no right, read-only. Anything else is passed on as it is. */
export function fileFailure(error: unknown, what: string): Error {
  const { code } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full: make room, or choose another directory with --data DIR',
    EDQUOT: 'your disk quota is used up: make room, or choose another directory with --data DIR',
    EACCES: 'you have no right to write there: choose another directory with --data DIR',
    EPERM: 'you have no right to write there: choose another directory with --data DIR',
    EROFS: 'the file system is read-only: choose another directory with --data DIR',
    ENOTDIR: 'part of that path is not a directory: choose another directory with --data DIR',
    EEXIST: 'part of that path is not a directory: choose another directory with --data DIR',
  };
  const reason = code ? reasons[code] : undefined;
  if (reason) return new StartFailure(`Cannot write ${what}: ${reason}.`, 1, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
