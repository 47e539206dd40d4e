import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** Notes secrets that a test makes and no file holds, so that they are looked for in all output of the run (keep-output.mjs). */
export function noteSecret(...secrets: string[]): void {
  const directory = process.env.TOMBOLO_KEEP_OUTPUT;
  if (directory)
    appendFileSync(join(directory, 'secrets'), secrets.map((secret) => `${secret}\n`).join(''), { mode: 0o600 });
}
