import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import type { NewFact } from '#contracts/facts.js';
import { chainFacts, GENESIS_HASH, type ChainHead } from '../core/hash-chain.js';
import {
  BACKUP_FORMAT,
  type BackupEnd,
  type BackupHeader,
  type ContentLine,
  type FactLine,
  parseBackupHeader,
  parseBackupLine,
} from './backup-lines.js';

/** What a whole backup holds. */
export interface BackupSummary {
  release: string;
  createdAt: string;
  files: number;
  facts: number;
  answers: number;
  /** Newest fact of each stream. */
  heads: Map<string, ChainHead>;
}

/** Why a backup cannot be made or read, as a sentence. */
export class BackupError extends Error {
  /** `newer`: another version of Tombolo reads it. */
  constructor(
    readonly code: 'damaged' | 'newer' | 'log-altered',
    message: string,
  ) {
    super(message);
    this.name = 'BackupError';
  }
}

const CHUNK = 64 * 1024;
/** A fact is some kilobytes, a key file less: what is longer is no line of ours. */
const LONGEST_LINE = 32 * 1024 * 1024;

/**
 * Compresses lines to a backup. Every fact is checked against its predecessor on the way: a log that was altered makes no
 * backup.
 * @param onWhole called with what it held when the last line is on its way
 * @throws BackupError log-altered, through the stream
 */
export function writeBackup(
  header: Omit<BackupHeader, 'kind' | 'format'>,
  content: AsyncIterable<ContentLine>,
  onWhole: (summary: BackupSummary) => void,
): Readable {
  const check = new BackupCheck(header);
  async function* bytes() {
    const hash = createHash('sha256');
    let chunk = '';
    const add = (line: BackupHeader | ContentLine) => (chunk += `${JSON.stringify(line)}\n`);
    add({ kind: 'tombolo backup', format: BACKUP_FORMAT, ...header });
    for await (const line of content) {
      const problem = check.add(line);
      if (problem) throw new BackupError('log-altered', `${problem}: see "tombolo log verify". No backup was made.`);
      add(line);
      if (chunk.length < CHUNK) continue;
      hash.update(chunk);
      yield chunk;
      chunk = '';
    }
    const end: BackupEnd = { kind: 'end', lines: check.lines, sha256: hash.update(chunk).digest('hex') };
    yield `${chunk}${JSON.stringify(end)}\n`;
    onWhole(check.summary);
  }
  return pipeline(Readable.from(bytes()), createGzip(), () => undefined);
}

/**
 * Reads a backup line by line, checking each; what it gave counts only once it has returned, since only then is it known
 * to be whole.
 * @param release of this Tombolo: a backup of a newer one is refused
 * @returns what it held
 * @throws BackupError damaged or newer; errors of the source
 */
export async function* readBackup(source: Readable, release: string): AsyncGenerator<ContentLine, BackupSummary> {
  const hash = createHash('sha256');
  let check: BackupCheck | undefined;
  let end: BackupEnd | undefined;
  for await (const line of linesOf(source)) {
    if (!check) check = new BackupCheck(readHeader(line.toString(), release));
    else {
      if (end) throw damaged('it goes on after its end');
      const parsed = parseBackupLine(line.toString());
      if (!parsed) throw damaged(`line ${check.lines + 2} is none of a backup`);
      if (parsed.kind === 'end') end = parsed;
      else {
        const problem = check.add(parsed);
        if (problem) throw damaged(problem);
        yield parsed;
      }
    }
    if (!end) hash.update(line).update('\n');
  }
  if (!check || !end) throw damaged('its end is missing');
  if (end.lines !== check.lines || end.sha256 !== hash.digest('hex')) throw damaged('its checksum is another one');
  return check.summary;
}

const damaged = (why: string) =>
  new BackupError('damaged', `The backup is damaged (${why}): take another one. Nothing was restored.`);

function readHeader(line: string, release: string): BackupHeader {
  const header = parseBackupHeader(line);
  if (!header) throw new BackupError('damaged', 'This is no backup of Tombolo. Nothing was restored.');
  if (header.format > BACKUP_FORMAT || isNewer(header.release, release))
    throw new BackupError(
      'newer',
      `The backup was made by Tombolo ${header.release} (format ${header.format}), and this is ${release}: ` +
        'restore it with that version or a later one. Nothing was restored.',
    );
  return header;
}

function isNewer(release: string, than: string): boolean {
  const [a, b] = [release, than].map((text) => text.split('.').map(Number));
  const at = [0, 1, 2].find((i) => a![i] !== b![i]);
  return at !== undefined && !(a![at]! <= b![at]!);
}

/** Not readline: that also ends lines at U+2028, which JSON may hold. */
async function* linesOf(source: Readable): AsyncGenerator<Buffer> {
  const unzipped = createGunzip();
  pipeline(source, unzipped, () => undefined);
  let rest: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, at)]);
        [rest, length, from] = [[], 0, at + 1];
      }
      rest.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > LONGEST_LINE) throw damaged('a line is too long');
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') throw damaged('it was cut');
    if (code?.startsWith('Z_')) throw damaged('it cannot be decompressed');
    throw error;
  }
  if (length > 0) throw damaged('it was cut');
}

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** Counts what goes into a backup or comes out of one, and follows the hash chain of every stream. */
class BackupCheck {
  lines = 0;
  readonly summary: BackupSummary;

  constructor({ release, createdAt }: Pick<BackupHeader, 'release' | 'createdAt'>) {
    this.summary = { release, createdAt, files: 0, facts: 0, answers: 0, heads: new Map() };
  }

  /** @returns what is wrong with the line */
  add(line: ContentLine): string | undefined {
    this.lines += 1;
    if (line.kind === 'file') this.summary.files += 1;
    else if (line.kind === 'answer') this.summary.answers += 1;
    else if (line.kind === 'fact') return this.#follow(line);
    return undefined;
  }

  #follow(line: FactLine): string | undefined {
    const { stream, version, type, data, metadata, hash } = line;
    const { heads } = this.summary;
    const fact = { type, data: JSON.parse(data), metadata: JSON.parse(metadata) } as NewFact;
    const head = heads.get(stream) ?? { version: 0, hash: GENESIS_HASH };
    const [due] = chainFacts(stream, head, [fact], sha256);
    if (due?.version !== version) return `version ${due?.version} of the log ${stream} is missing`;
    if (due.hash !== hash || due.data !== data || due.metadata !== metadata)
      return `the hash chain of the log ${stream} is broken at version ${version}`;
    heads.set(stream, { version, hash });
    this.summary.facts += 1;
    return undefined;
  }
}
