import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { Unavailable } from '#contracts/errors.js';
import { NODES_PREFIX, STREAMS } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { pause } from './pause.js';

const SECOND = 1_000_000_000;
const DAY = 86_400 * SECOND;

/** Commands of one source that nobody has answered yet. */
export const MOST_WAITING_COMMANDS = 1_000;

type Wanted = Partial<StreamConfig> & { name: string };

const common = {
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  duplicate_window: 120 * SECOND,
} as const;

/** What every stream must be. Only settings that nats-server 2.9.10 knows: it ignores others without a word. */
export function streamConfigs(replicas: number): Wanted[] {
  return [
    { ...common, name: STREAMS.events, subjects: ['tombolo.events.>'] },
    {
      ...common,
      name: STREAMS.nodes,
      subjects: [`${NODES_PREFIX}.>`],
      max_msgs_per_subject: 1,
      allow_direct: true,
      max_consumers: 64,
    },
    {
      ...common,
      name: STREAMS.ingest,
      subjects: ['tombolo.ingest.>'],
      // A command goes when it is answered, so the limit is what a source may have waiting; past it the broker refuses.
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
      max_msgs_per_subject: MOST_WAITING_COMMANDS,
      max_age: 7 * DAY,
      // The broker's own detection of duplicates goes over all sources: one could make another's messages vanish.
      duplicate_window: SECOND / 10,
    },
    {
      ...common,
      name: STREAMS.checkpoints,
      subjects: ['tombolo.checkpoints.>'],
      max_msgs_per_subject: 1,
      allow_direct: true,
    },
    {
      ...common,
      name: STREAMS.parked,
      subjects: ['tombolo.parked.>'],
      max_age: 30 * DAY,
      max_bytes: 64 * 1024 * 1024,
      // Rubbish of one kind does not push out all other.
      max_msgs_per_subject: 500,
    },
  ].map((stream) => ({ ...stream, num_replicas: replicas }));
}

export interface EnsureStreamsOptions {
  /** 1 on a single broker, 3 on a cluster of three. */
  replicas: number;
  /** Default: all that we have. */
  streams?: Wanted[];
  /** How long to wait for a cluster that is still electing, milliseconds (default 60,000). */
  timeoutMs?: number;
}

/**
 * Creates the streams that are missing, changes those that differ, and proves that the broker understood every setting.
 * Safe to run from several replicas at once.
 * @throws Error naming stream and setting when the broker holds another value than asked for; Unavailable when it does not answer
 */
export async function ensureStreams(connection: ServiceConnection, options: EnsureStreamsOptions): Promise<void> {
  // A single broker takes a change to three replicas, says so, and keeps one.
  if (options.replicas > 1 && !connection.nats.info?.cluster)
    throw new Error(`${options.replicas} replicas need a cluster of brokers: this one stands alone; ask for 1 replica`);
  const manager = await connection.manager();
  const signal = AbortSignal.timeout(options.timeoutMs ?? 60_000);
  for (const wanted of options.streams ?? streamConfigs(options.replicas)) {
    const found = await untilAnswered(signal, () => ensureStream(manager, wanted));
    const differences = settingsThatDiffer(wanted, found.config);
    if (differences.length > 0) {
      const detail = differences.map((key) => `${key} is ${JSON.stringify(settings(found.config)[key])}`).join(', ');
      throw new Error(
        `the broker does not hold stream ${wanted.name} as asked for: ${detail}; use nats-server 2.9.10 or newer`,
      );
    }
  }
}

/** Tells one life of a stream from the next: when it was created. It changes when the stream was lost and made again. */
export async function streamGeneration(
  connection: ServiceConnection,
  stream: string = STREAMS.events,
): Promise<string> {
  return (await streamLife(connection, stream)).generation;
}

/** Which life of a stream it is, and the sequence of the newest message in it. @throws Unavailable */
export async function streamLife(
  connection: ServiceConnection,
  stream: string,
): Promise<{ generation: string; end: number }> {
  const manager = await connection.manager();
  try {
    const { created, state } = await connection.unlessLost(manager.streams.info(stream));
    return { generation: created, end: state.last_seq };
  } catch (error) {
    throw new Unavailable('broker', `the broker does not show stream ${stream}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function ensureStream(manager: JetStreamManager, wanted: Wanted): Promise<StreamInfo> {
  const found = await find(manager, wanted.name);
  if (!found) return make(manager, wanted);
  const differences = settingsThatDiffer(wanted, found.config);
  if (differences.length === 0) return found;
  // No broker changes the retention of a stream that is there; an empty one is made again.
  if (differences.includes('retention') && found.state.messages === 0) {
    await manager.streams.delete(wanted.name);
    return make(manager, wanted);
  }
  return manager.streams.update(wanted.name, { ...found.config, ...wanted });
}

/** A stream whose subjects are another's (`JSStreamSubjectOverlapErr` in nats-server's errors.json), or its own, while it is being made. */
const SUBJECTS_OVERLAP = 10_065;
/** How long another replica may take to make a stream, milliseconds. */
const MADE_MS = 1_000;

async function make(manager: JetStreamManager, wanted: Wanted): Promise<StreamInfo> {
  try {
    return await manager.streams.add(wanted);
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === SUBJECTS_OVERLAP)) throw error;
    await pause(MADE_MS);
    const made = await find(manager, wanted.name);
    if (made) return made;
    throw error;
  }
}

async function find(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

const settings = (config: Partial<StreamConfig>) => config as Record<string, unknown>;

/** Names of the settings that the broker holds otherwise than asked for, or not at all. */
export function settingsThatDiffer(wanted: Wanted, found: StreamConfig): string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => !covers(settings(found)[key], value))
    .map(([key]) => key);
}

/** Whether what was found says what was wanted; newer brokers add settings of their own inside nested ones. */
function covers(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers((found as Record<string, unknown>)[key], value));
}

async function untilAnswered<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (signal.aborted)
        throw new Unavailable('broker', `JetStream does not answer: ${(error as Error).message}`, { cause: error });
      await pause(250, signal);
    }
  }
}

/** Too few brokers of the cluster are up yet for so many copies (`JSClusterNoPeersErrF` in nats-server's errors.json, status 400). */
const TOO_FEW_BROKERS = 10_005;

/** No answer, nobody there (during an election), or a broker that is short of something for the moment. */
function isTransient(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status >= 500 || error.code === TOO_FEW_BROKERS;
  return error instanceof Error && ['TimeoutError', 'JetStreamNotEnabled', 'RequestError'].includes(error.name);
}
