import { messageOf } from '../failure.js';
import type { Log } from '../log.js';
import { readIfThere, writeDurably } from './files.js';
import type { StateDir } from './state-dir.js';

/** Room above for as many starts as anybody will see. */
const HIGHEST = 999_999_999_999_999 - 1_000_000;

/**
 * The number of this run of the agent: above that of every run before, whatever the clock says, so that nobody can pass off an
 * old report as new. Kept on disk before the first report; the clock stands in where that was lost.
 */
export async function nextReportSession(dir: StateDir, now: number, log: Pick<Log, 'warn'>): Promise<number> {
  const text = await readIfThere(dir.file('reports')).catch(() => undefined);
  const last = /^\d{1,15}\s*$/.test(text ?? '') ? Number(text) : 0;
  const session = Math.min(Math.max(last + 1, now), HIGHEST);
  await writeDurably(dir.file('reports'), `${session}\n`).catch((error: unknown) =>
    log.warn(
      { why: messageOf(error) },
      'the number of this run is not kept: should the clock go back, reports are not believed',
    ),
  );
  return session;
}
