import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { Unavailable } from '#contracts/errors.js';
import { formatHead, HEAD_HEADER, type MessageHead, parseHead } from '#contracts/node-stream.js';
import { checkpointSubject, NODES_PREFIX, STREAMS } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { publishDurably } from './durable-publish.js';
import { MAX_PAYLOAD_BYTES } from './server-config.js';
import { streamGeneration } from './streams.js';

/** The newest message that the stream holds for a node. */
export interface NodeHead extends MessageHead {
  /** Revision of the newest full; 0: none was seen. */
  fullRevision: number;
}

/** What every node's newest message was when the stream ended at `sequence`. */
export interface NodeHeads {
  /** Tells one life of the stream from the next. */
  generation: string;
  sequence: number;
  heads: Map<string, NodeHead>;
}

/** After so many messages everything else of this process gets its turn: a checkpoint reads tens of thousands. */
const BREATH = 200;
/** Reading gives up after this long without an end, milliseconds. */
const TIMEOUT_MS = 60_000;

/** Belongs to no node: its newest message marks the end of what a reader reads. */
const MARK = `${NODES_PREFIX}.-.mark`;

/**
 * Reads the heads of all nodes: headers only, from a checkpoint on if one is given (and of this life of the stream), up to
 * a mark that it puts at the end itself: after a crash the broker's own count of what is pending may be too high, and
 * would be waited for in vain. About 70,000 messages a second. @throws Unavailable
 */
export async function readHeads(connection: ServiceConnection, checkpoint?: NodeHeads): Promise<NodeHeads> {
  const generation = await streamGeneration(connection, STREAMS.nodes);
  const { sequence: end } = await publishDurably(connection, { subject: MARK, data: '' });
  // A broker that crashed may have lost the end of the stream, and counts on from before it.
  const since = checkpoint?.generation === generation && checkpoint.sequence < end ? checkpoint : undefined;
  const heads = new Map(since?.heads);
  const consumer = await connection.jetstream.consumers.get(STREAMS.nodes, {
    headers_only: true,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: (since?.sequence ?? 0) + 1,
  });
  try {
    const messages = await consumer.consume({ max_messages: 1_000 });
    const timer = setTimeout(
      () => messages.stop(new Unavailable('broker', 'reading the heads of the nodes took too long')),
      TIMEOUT_MS,
    );
    let read = 0;
    for await (const message of messages) {
      noteHead(heads, message);
      if (message.seq >= end) break;
      if (++read % BREATH === 0) await setImmediate();
    }
    clearTimeout(timer);
    return { generation, sequence: end, heads };
  } finally {
    await consumer.delete().catch(() => false);
  }
}

function noteHead(heads: Map<string, NodeHead>, message: JsMsg): void {
  const head = parseHead(message.headers?.get(HEAD_HEADER) ?? '');
  const nodeId = message.subject.split('.')[2];
  if (!head || nodeId === undefined || !message.subject.startsWith(`${NODES_PREFIX}.`)) return;
  const known = heads.get(nodeId);
  const newer = !known || head.epoch > known.epoch || (head.epoch === known.epoch && head.revision >= known.revision);
  const fullRevision = head.kind === 'full' ? head.revision : (known?.fullRevision ?? 0);
  if (newer) heads.set(nodeId, { ...head, fullRevision });
  else if (head.kind === 'full') known.fullRevision = Math.max(known.fullRevision, fullRevision);
}

/**
 * Notes how far the heads of a network's nodes are known, so that the next publisher reads only what came after.
 * @returns false when they do not fit into one message (above some 100,000 nodes): reading then begins at the beginning
 */
export async function saveHeads(connection: ServiceConnection, network: string, noted: NodeHeads): Promise<boolean> {
  const { generation, sequence } = noted;
  const heads = [...noted.heads].map(([nodeId, head]) => [nodeId, formatHead(head), head.fullRevision]);
  const data = await promisify(gzip)(JSON.stringify({ generation, sequence, heads }), {
    level: constants.Z_BEST_SPEED,
  });
  if (data.length > MAX_PAYLOAD_BYTES - 4_096) return false;
  const messageId = `${network}:${generation}:${sequence}`;
  await publishDurably(connection, { subject: checkpointSubject(network), data, messageId });
  return true;
}

/** @returns undefined when there is none, or none that can be read */
export async function loadHeads(connection: ServiceConnection, network: string): Promise<NodeHeads | undefined> {
  const manager = await connection.manager();
  try {
    const stored = await manager.direct.getMessage(STREAMS.checkpoints, { last_by_subj: checkpointSubject(network) });
    if (!stored) return undefined;
    const saved = JSON.parse((await promisify(gunzip)(stored.data)).toString()) as {
      generation: string;
      sequence: number;
      heads: [string, string, number][];
    };
    const heads = saved.heads.map(([nodeId, text, fullRevision]): [string, NodeHead] => {
      const head = parseHead(text);
      if (!head) throw new Error('not a head');
      return [nodeId, { ...head, fullRevision }];
    });
    return { generation: saved.generation, sequence: saved.sequence, heads: new Map(heads) };
  } catch {
    return undefined;
  }
}
