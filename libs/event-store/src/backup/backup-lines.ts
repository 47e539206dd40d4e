/** Rises when an older version could not read the file any more. */
export const BACKUP_FORMAT = 1;

/** The first line. */
export interface BackupHeader {
  kind: 'tombolo backup';
  format: number;
  /** Version of the Tombolo that made it. */
  release: string;
  /** ISO 8601 UTC. */
  createdAt: string;
}

/** A secret that all services share. */
export interface FileLine {
  kind: 'file';
  /** Inside the directory of keys. */
  path: string;
  /** Permission bits. */
  mode: number;
  /** Base64. */
  content: string;
}

/** A fact as recorded: `data` and `metadata` are the very text that was hashed. */
export interface FactLine {
  kind: 'fact';
  stream: string;
  version: number;
  type: string;
  data: string;
  metadata: string;
  hash: string;
  recordedAt: string;
}

/** What a command was answered, so that its repetition makes no second fact. */
export interface AnswerLine {
  kind: 'answer';
  stream: string;
  commandId: string;
  fingerprint: string;
  /** JSON. */
  answer: string;
  versions: number[];
  answeredAt: string;
}

/** The highest epoch that any publisher of desired state had. */
export interface EpochLine {
  kind: 'epoch';
  highest: number;
}

export type ContentLine = FileLine | FactLine | AnswerLine | EpochLine;

/** The last line: without it the file was cut. */
export interface BackupEnd {
  kind: 'end';
  /** Of content, before this one. */
  lines: number;
  /** SHA-256, hex, of every byte before this line. */
  sha256: string;
}

const text = (value: unknown) => typeof value === 'string';
const count = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const json = (value: unknown) => typeof value === 'string' && isJson(value);
const time = (value: unknown) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const counts = (value: unknown) => Array.isArray(value) && value.every(count);

const FIELDS: Record<string, Record<string, (value: unknown) => boolean>> = {
  file: { path: isSafePath, mode: count, content: text },
  fact: { stream: text, version: count, type: text, data: json, metadata: json, hash: text, recordedAt: time },
  answer: { stream: text, commandId: text, fingerprint: text, answer: json, versions: counts, answeredAt: time },
  epoch: { highest: count },
  end: { lines: count, sha256: text },
};

/** @returns undefined when the text is no line of a backup after the first */
export function parseBackupLine(line: string): ContentLine | BackupEnd | undefined {
  const value = parseObject(line);
  const fields = typeof value?.kind === 'string' && Object.hasOwn(FIELDS, value.kind) ? FIELDS[value.kind] : undefined;
  if (!value || !fields) return undefined;
  const isWhole = Object.entries(fields).every(([name, isRight]) => isRight(value[name]));
  return isWhole ? (value as unknown as ContentLine | BackupEnd) : undefined;
}

/** @returns undefined when the text is not the first line of a backup */
export function parseBackupHeader(line: string): BackupHeader | undefined {
  const value = parseObject(line);
  const isWhole =
    value?.kind === 'tombolo backup' && count(value.format) && text(value.release) && time(value.createdAt);
  return isWhole ? (value as unknown as BackupHeader) : undefined;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A relative path that stays inside its directory. */
function isSafePath(path: unknown): boolean {
  return typeof path === 'string' && path.split('/').every((part) => /^[\w.-]+$/.test(part) && !/^\.\.?$/.test(part));
}
