/**
 * Which snapshots of a stream may go, given the versions of all of them: of every age span (1–2, 2–4, 4–8 … facts
 * before the newest) the newest and the oldest stay. So their number grows with the logarithm of the log's length, and
 * time travel folds at most about as many facts as have happened since the time it goes to.
 */
export function snapshotsToDrop(versions: number[]): number[] {
  const newest = Math.max(...versions);
  const spanOf = (version: number) => Math.floor(Math.log2(newest - version));
  return versions.filter((version) => {
    const span = versions.filter((other) => other < newest && spanOf(other) === spanOf(version));
    return version < newest && version !== Math.min(...span) && version !== Math.max(...span);
  });
}
