import { execFile, type ExecFileException } from 'node:child_process';
import { environment } from './environment.js';

export interface CommandOptions {
  /** Text for the command's standard input. */
  input?: string;
  /** Milliseconds after which the command is killed; 30 s unless told. */
  timeout?: number;
}

export interface CommandResult {
  /** Exit status; 124 when the time limit ended it, as timeout(1) says. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end and tells how it went; a failure is a result, not an exception. */
export function attempt(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { input = '', timeout = 30_000 } = options;
  return new Promise((resolve, reject) => {
    const limits = { timeout, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024, env: environment } as const;
    const child = execFile(command, args, limits, (error, stdout, stderr) => {
      if (isMissing(error)) reject(new Error(`${command} is not installed`));
      else resolve({ code: exitCode(error), stdout, stderr });
    });
    child.stdin?.on('error', () => undefined); // a command may end without reading its input
    child.stdin?.end(input);
  });
}

/** Runs a command and answers its output. @throws Error that quotes the command and its standard error */
export async function run(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: exit status ${code}\n${stderr.trim() || stdout.trim()}`);
}

const isMissing = (error: ExecFileException | null) => error?.code === 'ENOENT';

function exitCode(error: ExecFileException | null): number {
  if (!error) return 0;
  return typeof error.code === 'number' ? error.code : 124;
}
