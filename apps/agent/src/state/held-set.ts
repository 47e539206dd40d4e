import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import type { NodeSet } from '#contracts/node-fold.js';
import { formatDigest, type Resource } from '#contracts/node-stream.js';
import { messageOf } from '../failure.js';
import { readIfThere, writeDurably } from './files.js';
import { JsonFields } from './json-fields.js';
import type { StateDir } from './state-dir.js';

/** A set that was applied and read back, and when. */
export interface HeldSet {
  set: NodeSet;
  /** ISO 8601 UTC, for people; nothing is decided by it. */
  appliedAt: string;
}

export interface Recalled {
  held: HeldSet | undefined;
  /** What was wrong with a file, and what is used instead. */
  warnings: string[];
}

const FORMAT = 1;

/** Keeps the last good set and the one before it; each file is a line with a checksum, and the set. */
export class HeldSets {
  constructor(private readonly dir: StateDir) {}

  /** The newest set that is whole. */
  async recall(): Promise<Recalled> {
    const warnings: string[] = [];
    for (const kind of ['held', 'previous'] as const) {
      const path = this.dir.file(kind);
      const text = await readIfThere(path);
      if (text === undefined) continue;
      try {
        return { held: parse(text, path), warnings };
      } catch (error) {
        const instead = kind === 'held' ? 'the set before it is used, if there is one' : 'the server is asked for all';
        warnings.push(`${messageOf(error)}: ${instead}`);
      }
    }
    return { held: undefined, warnings };
  }

  async record(held: HeldSet): Promise<void> {
    await rename(this.dir.file('held'), this.dir.file('previous')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await writeDurably(this.dir.file('held'), format(held));
  }
}

function format({ set, appliedAt }: HeldSet): string {
  const body = JSON.stringify({
    epoch: set.epoch,
    revision: set.revision,
    logVersion: set.logVersion,
    digest: formatDigest(set.digest),
    appliedAt,
    resources: [...set.resources.values()],
  });
  return `${JSON.stringify({ format: FORMAT, sha256: checksum(body) })}\n${body}\n`;
}

function parse(text: string, path: string): HeldSet {
  const end = text.indexOf('\n');
  const body = text.slice(end + 1).trimEnd();
  const header = JsonFields.parse(end < 0 ? '' : text.slice(0, end), path);
  header.whole('format', FORMAT, FORMAT);
  if (header.text('sha256') !== checksum(body)) throw new Error(`${path} is damaged (its checksum does not fit)`);
  const fields = JsonFields.parse(body, path);
  const resources = fields.list('resources') as Resource[];
  return {
    set: {
      epoch: fields.whole('epoch', 0),
      revision: fields.whole('revision', 0),
      logVersion: fields.whole('logVersion', 0),
      digest: BigInt(`0x${fields.text('digest')}`),
      resources: new Map(resources.map((resource) => [resource.name, resource])),
    },
    appliedAt: fields.text('appliedAt'),
  };
}

const checksum = (body: string) => createHash('sha256').update(body).digest('hex');
