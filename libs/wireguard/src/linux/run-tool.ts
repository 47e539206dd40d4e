import { execFile } from 'node:child_process';

/** A tool of the system that ended with an error, was not there, or did not end at all. */
export class ToolError extends Error {
  constructor(
    readonly tool: string,
    readonly detail: { exitCode: number | null; stderr: string; timedOut: boolean; notFound: boolean },
  ) {
    super(`${tool}: ${describe(detail)}`);
    this.name = 'ToolError';
  }

  says(pattern: RegExp): boolean {
    return pattern.test(this.detail.stderr);
  }
}

/** No tool we call needs longer; one that does is waiting for a dead process (`wg` and a spinning wireguard-go). */
const TIMEOUT_MS = 5_000;
/** `wg show dump` of 10,000 peers is 1 MB. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Runs `wg`, `ip` and the like without a shell. @returns its output
 * @throws ToolError
 */
export function runTool(tool: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      tool,
      args,
      {
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C', WG_COLOR_MODE: 'never' },
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const exitCode = typeof error.code === 'number' ? error.code : null;
        const notFound = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const timedOut = error.killed === true && error.signal === 'SIGKILL';
        reject(new ToolError(tool, { exitCode, stderr: withoutKeys(stderr), timedOut, notFound }));
      },
    );
    // The tool may end without reading: that is its error to tell, not ours.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Services start with a short PATH; the tools live in sbin. */
export const SYSTEM_PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

function describe({ exitCode, stderr, timedOut, notFound }: ToolError['detail']): string {
  if (notFound) return 'not found: install wireguard-tools, iproute2 and nftables';
  if (timedOut) return `did not answer within ${TIMEOUT_MS / 1000} s`;
  return `${stderr.trim() || 'failed without a word'} (exit ${exitCode})`;
}

/** `wg` quotes what it does not like. */
const withoutKeys = (text: string) => text.replace(/[A-Za-z0-9+/]{43}=/g, '<key>');
