import type { Msg } from '@nats-io/transport-node';
import { HEAD_HEADER, type NodeMessage, parseHead, type Resource } from '#contracts/node-stream.js';
import { unpackBody, WORTH_KEEPING } from './node-body.js';
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
  const body = parseBody(unpackBody(opened));
  if (head.kind === 'full' && isResources(body?.resources))
    return { head: { ...head, kind: 'full' }, body: { resources: body.resources } };
  if (head.kind === 'delta' && isResources(body?.upserts) && isNames(body.removed))
    return { head: { ...head, kind: 'delta' }, body: { upserts: body.upserts, removed: body.removed } };
  return undefined;
}

/** What was parsed last: a process that plays many nodes is told the same again and again. */
let last: { text: string; body: Record<string, unknown> | undefined } | undefined;

/** @returns for the same text the same object: whoever folds it must not change it */
function parseBody(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  if (last?.text !== text) last = { text, body: parseObject(text) };
  const { body } = last;
  // Fulls are each node's own, and large.
  if (text.length > WORTH_KEEPING) last = undefined;
  return body;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
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
