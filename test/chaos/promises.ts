import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { Book } from './load.js';

/** Facts that a network begins with: it, and the key to join it, which no client of the load made. */
const FIRST = 2;

/** What a log does not keep of what clients were told, one sentence each: once and whole what was acknowledged, nothing else. */
export function brokenPromises(facts: RecordedFact<NetworkFact>[], { settled, joined }: Book): string[] {
  const problems: string[] = [];
  if (facts.some(({ version }, i) => version !== i + 1)) problems.push('the versions of the log have a gap');

  const made = new Map<string, RecordedFact<NetworkFact>[]>();
  for (const fact of facts) {
    const { commandId } = fact.metadata;
    made.set(commandId, [...(made.get(commandId) ?? []), fact]);
  }
  for (const { commandId, what, status, versions } of settled) {
    const own = made.get(commandId) ?? [];
    if (status >= 300 && own.length > 0) problems.push(`refused, yet in the log: ${what}`);
    if (own.some(({ version }, i) => version !== own[0]!.version + i)) problems.push(`in the log in pieces: ${what}`);
    if (new Set(own.map(({ type, data }) => JSON.stringify([type, data]))).size < own.length)
      problems.push(`in the log more than once: ${what}`);
    if (versions && String(versions) !== String(own.map(({ version }) => version)))
      problems.push(`answered with versions ${versions.join()}, and not those in the log: ${what}`);
    if (status === 201 && own.length === 0) problems.push(`acknowledged, and not in the log: ${what}`);
  }

  const known = new Set(settled.map(({ commandId }) => commandId));
  for (const { metadata, type, version } of facts)
    if (/^(token|source)\//.test(metadata.actor) && version > FIRST && !known.has(metadata.commandId))
      problems.push(`nobody asked for ${type} (version ${version})`);

  const names = facts.flatMap(({ type, data }) => (type === 'NodeEnrolled' ? [data.name] : []));
  for (const name of joined)
    if (names.filter((each) => each === name).length !== 1)
      problems.push(`${name} was told it joined, and is not in the log once`);
  return problems;
}
