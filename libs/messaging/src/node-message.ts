import type { Msg } from '@nats-io/transport-node';
import { HEAD_HEADER, type NodeMessage, parseHead, type Resource } from '#contracts/node-stream.js';
import { unpackBody } from './node-body.js';
import type { SealOpener } from './node-seal.js';

/**
 * Opens a stored or live message of a node.
 * @returns undefined unless the controller sealed exactly this head and body for exactly this node
 */
export function readNodeMessage(message: Pick<Msg, 'headers' | 'data'>, opener: SealOpener): NodeMessage | undefined {
  const headText = message.headers?.get(HEAD_HEADER) ?? '';
  const head = parseHead(headText);
  const opened = head && opener.open(headText, message.data);
  if (!opened) return undefined;
  const body = readBody(opened);
  if (head.kind === 'full' && isResources(body?.resources))
    return { head: { ...head, kind: 'full' }, body: { resources: body.resources } };
  if (head.kind === 'delta' && isResources(body?.upserts) && isNames(body.removed))
    return { head: { ...head, kind: 'delta' }, body: { upserts: body.upserts, removed: body.removed } };
  return undefined;
}

/** Fulls are each node's own, and larger than this. */
const WORTH_KEEPING = 4_096;

/** What was read last: a process that plays many nodes opens the same body again and again. */
let last: { packed: Buffer; body: Record<string, unknown> | undefined } | undefined;

/** @returns for the same bytes the same object: whoever folds it must not change it */
function readBody(packed: Buffer): Record<string, unknown> | undefined {
  if (last?.packed.equals(packed)) return last.body;
  const body = parseObject(unpackBody(packed));
  if (packed.length <= WORTH_KEEPING) last = { packed, body };
  return body;
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The seal vouches for the content; the names are looked at because the fold goes by them. */
function isResources(value: unknown): value is Resource[] {
  return Array.isArray(value) && value.every((item) => typeof (item as { name?: unknown } | null)?.name === 'string');
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');
