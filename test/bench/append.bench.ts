import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '#contracts/decision.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { verifyStream } from '#event-store/core/hash-chain.js';
import { openLog } from '#event-store/postgres/data-source.js';
import { PostgresEventStore } from '#event-store/postgres/postgres-event-store.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { decideEnrolNode } from '../../apps/registry/src/nodes/enrol-node.decider.js';
import { silent } from '../../apps/standalone/src/parts/log.js';
import { startPostgres } from '../../apps/standalone/src/parts/postgres.js';
import {
  controlKey,
  keyCreated,
  keyId,
  NETWORK_ID,
  natsKey,
  networkCreated,
  nodeId,
  SECRET_HASH,
  wireguardKey,
} from '../support/network-facts.js';

/**
 * What the log takes and gives, as JSON on standard output: enrolments decided, stored (fsync on) and acknowledged into
 * one network, then the whole log read, folded and verified. Milliseconds and operations per second.
 */
const ENROLMENTS = 20_000;
const CONCURRENCY = 256;
const ONE_BY_ONE = 500;
const SNAPSHOT_EVERY = 2_000;

const at = '2026-11-20T10:00:00.000Z';
const actor = `key/${keyId(1)}`;

function enrolment(n: number): Command<NetworkState> {
  const keys = { publicKey: wireguardKey(n), controlKey: controlKey(n), natsKey: natsKey(n) };
  const commandId = `enrol-${n}`;
  const command = { commandId, actor, at, nodeId: nodeId(n), keyId: keyId(1), secretHash: SECRET_HASH, ...keys };
  return {
    commandId,
    fingerprint: keys.publicKey,
    decide: (state) => decideEnrolNode({ ...command, name: `node-${n}` }, state),
  };
}

/** Runs the commands with so many under way at a time. @returns seconds, and each command's milliseconds in order */
async function run(decisions: DecisionMaker<NetworkState>, commands: Command<NetworkState>[], concurrency: number) {
  const times: number[] = [];
  const queue = commands.values();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const command of queue) {
        const sent = performance.now();
        await decisions.execute(NETWORK_ID, command);
        times.push(performance.now() - sent);
      }
    }),
  );
  return { seconds: (performance.now() - began) / 1000, times: times.sort((a, b) => a - b) };
}

async function measureWrites(store: EventStore) {
  const decisions = new DecisionMaker({ store, fold: networkFold, snapshotEvery: SNAPSHOT_EVERY, later: setImmediate });
  const metadata = { actor: 'token/admin', commandId: 'setup', at };
  const facts = [networkCreated(), keyCreated()].map((fact) => ({ ...fact, metadata }));
  await store.append([{ stream: NETWORK_ID, expectedVersion: 0, facts }], []);

  const commands = Array.from({ length: ENROLMENTS + ONE_BY_ONE }, (_, i) => enrolment(i + 1));
  let appends = 0;
  store.onAppended(() => (appends += 1));
  const together = await run(decisions, commands.slice(0, ENROLMENTS), CONCURRENCY);
  const batches = appends;
  const single = await run(decisions, commands.slice(ENROLMENTS), 1);
  return {
    enrolments: ENROLMENTS,
    concurrency: CONCURRENCY,
    commandsPerSecond: Math.round(ENROLMENTS / together.seconds),
    appendsPerSecond: Math.round(batches / together.seconds),
    acknowledged: summary(together.times),
    oneByOne: { commandsPerSecond: Math.round(ONE_BY_ONE / single.seconds), acknowledged: summary(single.times) },
  };
}

/** As a process that has just started, with and without snapshots. */
async function measureReads(store: EventStore) {
  const facts = await store.head(NETWORK_ID);
  const fresh = (schema: number) =>
    new DecisionMaker({ store, fold: { ...networkFold, schema }, snapshotEvery: Infinity });
  const replay = await timed(() => fresh(networkFold.schema + 1000).current(NETWORK_ID));
  const start = await timed(() => fresh(networkFold.schema).current(NETWORK_ID));
  const verify = await timed(() => verifyStream(store, NETWORK_ID));
  return {
    facts,
    replayFactsPerSecond: Math.round((facts / replay) * 1000),
    verifyFactsPerSecond: Math.round((facts / verify) * 1000),
    startFromSnapshotMs: round(start),
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const summary = (sorted: number[]) => ({
  p50: round(sorted[Math.floor(sorted.length * 0.5)] ?? 0),
  p99: round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
  max: round(sorted.at(-1) ?? 0),
});

const round = (ms: number) => Math.round(ms * 10) / 10;

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-bench-log-'));
  const files = { dir, passwordFile: join(dir, 'password'), logFile: join(dir, 'log') };
  const server = await startPostgres({ ...files, port: 0, log: silent });
  try {
    const dataSource = await openLog({ url: server.url, applicationName: 'bench' });
    const store = new PostgresEventStore(dataSource);
    const [{ fsync, sync }] = await dataSource.query(
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync`,
    );
    const log = { fsync, synchronousCommit: sync, ...(await measureWrites(store)), ...(await measureReads(store)) };
    console.log(JSON.stringify({ log }, null, 2));
    await dataSource.destroy();
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

await main();
