import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { Unavailable } from '#contracts/errors.js';
import { formatHead, HEAD_HEADER, parseHead } from '#contracts/node-stream.js';
import { checkpointSubject, NODES_PREFIX, STREAMS } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { publishDurably } from './durable-publish.js';
import { type NodeHead, noteHead } from './note-head.js';
import type { OwnTail } from './own-tail.js';
import { MAX_PAYLOAD_BYTES } from './server-config.js';
import { pause } from './pause.js';
import { streamLife } from './streams.js';

/** What every node's newest message was when the stream ended at `sequence`. */
export interface NodeHeads {
  /** Tells one life of the stream from the next. */
  generation: string;
  sequence: number;
  heads: Map<string, NodeHead>;
}

/** Lowest epoch of each node's messages that were read; not told where the reading had nothing to go on from. */
export type OnStored = (lowestEpochs: ReadonlyMap<string, number>) => void;

/** After so many messages everything else of this process gets its turn: a checkpoint reads tens of thousands. */
const BREATH = 200;
/** What the broker has stored it acknowledges within so many milliseconds, or the stream is read after all. */
const ACKS_MS = 100;
/** Reading gives up after this long without an end, milliseconds. */
const TIMEOUT_MS = 60_000;
/**
 * A broker of a cluster can lose a request for messages where the consumer is at another one and was made just now (one of some
 * 250 on nats-server 2.15): it is asked again after two silences, milliseconds. The client takes no less.
 */
const SILENCE = { idle_heartbeat: 500, expires: 2_000 };

/** Belongs to no node: its newest message marks the end of what a reader reads. */
const MARK = `${NODES_PREFIX}.-.mark`;

/**
 * Reads the heads of all nodes: headers only, from a checkpoint on if one is given (and of this life of the stream), up to
 * a mark that it puts at the end itself: after a crash the broker's own count of what is pending may be too high, and
 * would be waited for in vain. About 70,000 messages a second.
 * @param own what this process stored itself: nothing is read where nobody else wrote since the checkpoint
 * @param onStored what others stored since the checkpoint: a message of a lower epoch than its node's is a deposed publisher's
 * @throws Unavailable
 */
export async function readHeads(
  connection: ServiceConnection,
  checkpoint?: NodeHeads,
  own?: OwnTail,
  onStored?: OnStored,
): Promise<NodeHeads> {
  const { generation, end: newest } = await streamLife(connection, STREAMS.nodes);
  const isOwn = checkpoint?.generation === generation && (await isCovered(own, newest));
  const taken = isOwn ? own?.take(checkpoint.sequence) : undefined;
  if (checkpoint && taken) {
    const heads = new Map(checkpoint.heads);
    for (const [nodeId, head] of taken.heads)
      heads.set(nodeId, { ...head, fullRevision: Math.max(head.fullRevision, heads.get(nodeId)?.fullRevision ?? 0) });
    return { generation, sequence: taken.sequence, heads };
  }
  own?.reading();
  const { sequence: end } = await publishDurably(connection, { subject: MARK, data: '' });
  // A broker that crashed may have lost the end of the stream, and counts on from before it.
  const since = checkpoint?.generation === generation && checkpoint.sequence < end ? checkpoint : undefined;
  const heads = new Map(since?.heads);
  const lowest = new Map<string, number>();
  const consumer = await connection.jetstream.consumers.get(STREAMS.nodes, {
    headers_only: true,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: (since?.sequence ?? 0) + 1,
  });
  try {
    const messages = await consumer.consume({ max_messages: 1_000, ...SILENCE });
    const timer = setTimeout(
      () => messages.stop(new Unavailable('broker', 'reading the heads of the nodes took too long')),
      TIMEOUT_MS,
    );
    let read = 0;
    for await (const message of messages) {
      noteMessage({ heads, lowest }, message);
      if (message.seq >= end) break;
      if (++read % BREATH === 0) await setImmediate();
    }
    clearTimeout(timer);
    own?.begin(end);
    if (since) onStored?.(lowest);
    return { generation, sequence: end, heads };
  } finally {
    await consumer.delete().catch(() => false);
  }
}

/** Waits a little for the acknowledgements of what is on its way: the broker may have counted it already. */
async function isCovered(own: OwnTail | undefined, end: number): Promise<boolean> {
  for (let waited = 0; own && !own.covers(end) && waited < ACKS_MS; waited += 10) await pause(10);
  return own?.covers(end) ?? false;
}

interface Noted {
  heads: Map<string, NodeHead>;
  lowest: Map<string, number>;
}

function noteMessage({ heads, lowest }: Noted, message: JsMsg): void {
  const head = parseHead(message.headers?.get(HEAD_HEADER) ?? '');
  const nodeId = message.subject.split('.')[2];
  if (!head || nodeId === undefined || !message.subject.startsWith(`${NODES_PREFIX}.`)) return;
  noteHead(heads, nodeId, head);
  lowest.set(nodeId, Math.min(head.epoch, lowest.get(nodeId) ?? Infinity));
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
