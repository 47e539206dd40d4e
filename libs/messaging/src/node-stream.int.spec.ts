import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { DesiredState, HeldState, testPeer } from '../../../test/support/desired-state.js';
import { startTrustedNats, testNodeId, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { formatDigest } from '#contracts/node-stream.js';
import { RING, STREAMS } from '#contracts/subjects.js';
import { SharedAgents } from './agent-connection.js';
import type { ServiceConnection } from './connection.js';
import { loadHeads, readHeads, saveHeads } from './node-heads.js';
import { NodeStreamWriter } from './node-stream.js';
import { ensureStreams } from './streams.js';

let broker: TrustedNats;
let service: ServiceConnection;
let writer: NodeStreamWriter;

beforeAll(async () => {
  broker = await startTrustedNats();
  service = await broker.connect('service');
  await ensureStreams(service, { replicas: 1 });
  writer = new NodeStreamWriter(service, broker.trust.sealing.privateKey);
});
afterAll(() => broker.stop());

const messagesOf = async (desired: DesiredState) => {
  const filter = `tombolo.nodes.${desired.nodeId}.>`;
  const info = await (await service.manager()).streams.info(STREAMS.nodes, { subjects_filter: filter });
  return Object.keys(info.state.subjects ?? {}).length;
};

test('a node takes a bounded place: one full and a ring of deltas', async () => {
  const desired = new DesiredState(writer);
  await desired.full();
  await Promise.all(Array.from({ length: RING + 20 }, (_, n) => desired.delta([testPeer(n)])));
  await desired.full();
  expect(await messagesOf(desired)).toBe(1 + RING);
});

test('a removed node leaves nothing, and its neighbours stay', async () => {
  const [gone, stays] = [new DesiredState(writer), new DesiredState(writer)];
  for (const desired of [gone, stays]) {
    await desired.full();
    await desired.delta([testPeer(1)]);
  }
  await Promise.all([writer.removeNode(gone.nodeId), writer.removeNode(gone.nodeId)]);
  expect(await messagesOf(gone)).toBe(0);
  expect(await messagesOf(stays)).toBe(2);
});

test('publishes wait for a broker that is away, and all arrive', async () => {
  const nodes = Array.from({ length: 100 }, () => new DesiredState(writer));
  await Promise.all(nodes.map((desired) => desired.full()));
  process.kill(broker.server.pid, 'SIGKILL');
  const changes = Array.from({ length: 20 }, (_, n) => nodes.map((desired) => desired.delta([testPeer(n)])));
  await broker.restart();
  await Promise.all(changes.flat());
  const { heads } = await readHeads(service);
  for (const { nodeId, digest } of nodes)
    expect(heads.get(nodeId)).toMatchObject({ kind: 'delta', revision: 21, fullRevision: 1, digest });
}, 30_000);

test("what waits for a broker while its publisher is deposed is not stored any more: its place is the successor's", async () => {
  const nodeId = testNodeId();
  const lonely = await startTrustedNats();
  const [first, second] = [await lonely.connect('first'), await lonely.connect('second')];
  await ensureStreams(second, { replicas: 1 });
  const [deposed, successor] = [first, second].map(
    (connection) => new DesiredState(new NodeStreamWriter(connection, lonely.trust.sealing.privateKey), nodeId),
  ) as [DesiredState, DesiredState];
  await deposed.full();
  await successor.full();
  process.kill(lonely.server.pid, 'SIGKILL');
  await until('it has no broker', () => first.status === 'disconnected');
  const late = deposed.delta([testPeer(1)]);
  const refused = expect(late).rejects.toMatchObject({ kind: 'unavailable' });
  deposed.isCurrent = false;
  successor.epoch = 2;
  await lonely.restart();
  await successor.delta([testPeer(2)]);
  await refused;
  await expect(deposed.delta([testPeer(3)])).rejects.toMatchObject({ kind: 'unavailable' });
  const stored = await (
    await second.manager()
  ).streams.getMessage(STREAMS.nodes, {
    last_by_subj: `tombolo.nodes.${nodeId}.delta.2`,
  });
  expect(stored?.header.get('Tombolo-Head')).toMatch(/^d\.2\.2\./);
  await lonely.stop();
}, 30_000);

test('what its publisher may say only perhaps waits, and goes out or not when that is settled', async () => {
  const desired = new DesiredState(writer);
  await desired.full();
  const doubt = async (settled: boolean, peer: number) => {
    let settle: (is: boolean) => void = () => {};
    desired.isCurrent = new Promise((resolve) => (settle = resolve));
    let outcome = 'waits';
    const publishing = desired.delta([testPeer(peer)]).then(
      () => (outcome = 'stored'),
      (error: { kind?: string }) => (outcome = `refused as ${error.kind}`),
    );
    // Whatever the broker would have been sent, it has by now.
    await service.check();
    const { heads } = await readHeads(service);
    expect([outcome, heads.get(desired.nodeId)?.revision]).toEqual(['waits', desired.revision - 1]);
    desired.isCurrent = settled;
    settle(settled);
    await publishing;
    return outcome;
  };
  expect(await doubt(true, 1)).toBe('stored');
  expect(await doubt(true, 2)).toBe('stored');
  expect(await doubt(false, 3)).toBe('refused as unavailable');
  expect((await readHeads(service)).heads.get(desired.nodeId)).toMatchObject({ revision: 3 });
});

test('what somebody else stored last is found also by a writer that stored all before it', async () => {
  const own = new NodeStreamWriter(service, broker.trust.sealing.privateKey);
  const desired = new DesiredState(own);
  let known = await readHeads(service, undefined, own.tail);
  known = await readHeads(service, known, own.tail);
  await desired.full();
  known = await readHeads(service, known, own.tail);
  const other = new DesiredState(writer);
  await other.full();
  known = await readHeads(service, known, own.tail);
  expect([...known.heads.keys()]).toEqual(expect.arrayContaining([desired.nodeId, other.nodeId]));
});

test('a request for messages that a broker loses is made again', async () => {
  const desired = new DesiredState(writer);
  await desired.full();
  const { nats } = service;
  const publish = nats.publish.bind(nats);
  let asked = 0;
  const losing = jest.spyOn(nats, 'publish').mockImplementation((subject, ...rest) => {
    if (!subject.includes('.CONSUMER.MSG.NEXT.') || ++asked > 1) publish(subject, ...rest);
  });
  const { heads } = await readHeads(service).finally(() => losing.mockRestore());
  expect(asked).toBeGreaterThan(1);
  expect(heads.get(desired.nodeId)).toMatchObject({ revision: 1 });
});

test('what others stored since the heads were read is told by its lowest epoch', async () => {
  const [one, two] = [new DesiredState(writer), new DesiredState(writer)];
  Object.assign(one, { epoch: 3 });
  await one.full();
  await two.full();
  const noted = await readHeads(service);
  const told: [string, number][][] = [];
  const read = (from: typeof noted) => readHeads(service, from, undefined, (lowest) => told.push([...lowest]));
  const next = await read(noted);
  await one.delta([testPeer(1)]);
  Object.assign(one, { epoch: 2 });
  await one.delta([testPeer(2)]);
  await read(next);
  expect(told).toEqual([[], [[one.nodeId, 2]]]);
  // From the beginning there is much of earlier publishers, and nothing wrong with it.
  await readHeads(service, undefined, undefined, () => told.push([]));
  await read({ ...noted, generation: 'another' });
  expect(told).toHaveLength(2);
});

test('agents are told although nothing can be stored; it is stored as soon as it can', async () => {
  const lonely = await startTrustedNats();
  const connection = await lonely.connect();
  const told = new NodeStreamWriter(connection, lonely.trust.sealing.privateKey);
  const desired = new DesiredState(told);
  await ensureStreams(connection, { replicas: 1 });
  const agents = new SharedAgents(await lonely.connect());
  const state = new HeldState();
  const opener = desired.opener(lonely.trust.sealing.publicKey);
  const signer = desired.signer(lonely.trust.sealing.publicKey);
  const follow = agents.follow({ opener, held: state.held, onMessage: state.onMessage }, signer);
  await desired.full();
  await until('it holds the full', () => follow.level && state.set !== undefined);
  await (await connection.manager()).streams.delete(STREAMS.nodes);
  const stored = desired.delta([testPeer(1)]);
  await until('it was told', () => state.folded.length === 2);
  await ensureStreams(connection, { replicas: 1 });
  await stored;
  expect((await readHeads(connection)).heads.get(desired.nodeId)).toMatchObject({ kind: 'delta', revision: 2 });
  expect(state.folded).toEqual(['full 1.1', 'delta 1.2']);
  agents.stop();
  await lonely.stop();
}, 30_000);

test('a change is told to all before any of it is stored; a broker that hangs is not waited for', async () => {
  const slow = await startTrustedNats();
  const [connection, listener] = [await slow.connect(), await slow.connect('listener')];
  await ensureStreams(connection, { replicas: 1 });
  const telling = new NodeStreamWriter(connection, slow.trust.sealing.privateKey);
  const heard: string[] = [];
  listener.nats.subscribe('tombolo.*.>', {
    callback: (_, { subject }) => void (/^tombolo\.(live|nodes)\./.test(subject) && heard.push(subject.split('.')[1]!)),
  });
  await listener.nats.flush();
  const nodes = Array.from({ length: 300 }, () => new DesiredState(telling));
  await Promise.all(nodes.map((desired) => desired.full()));
  await until('both ways were heard', () => heard.length === 600);
  expect(heard.lastIndexOf('live')).toBe(299);

  process.kill(slow.server.pid, 'SIGSTOP');
  const waiting = nodes[0]!.delta([testPeer(1)]);
  await telling.told();
  process.kill(slow.server.pid, 'SIGCONT');
  await waiting;
  expect((await readHeads(connection)).heads.get(nodes[0]!.nodeId)).toMatchObject({ kind: 'delta', revision: 2 });
  await slow.stop();
}, 30_000);

test('publishes that wait give up when the writer is closed', async () => {
  const lonely = await startTrustedNats();
  const closing = new NodeStreamWriter(await lonely.connect(), broker.trust.sealing.privateKey);
  // No stream takes the subject.
  const waiting = new DesiredState(closing).full();
  closing.close();
  await expect(waiting).rejects.toMatchObject({ kind: 'unavailable', part: 'broker' });
  await lonely.stop();
});

test('the heads are the newest of each node: by epoch, then revision; a full at the same revision is the head', async () => {
  const [one, two, three] = [new DesiredState(writer), new DesiredState(writer), new DesiredState(writer)];
  await one.full();
  await one.delta([testPeer(1)]);
  await two.full();
  two.epoch = 2;
  await two.delta([testPeer(1)]);
  const deposed = new DesiredState(writer, two.nodeId);
  Object.assign(deposed, { keys: two.keys, revision: 7 });
  await deposed.delta([testPeer(2)]);
  await three.full();
  await three.delta([testPeer(1)]);
  await three.full();
  const { heads } = await readHeads(service);
  expect(heads.get(one.nodeId)).toMatchObject({
    kind: 'delta',
    epoch: 1,
    revision: 2,
    fullRevision: 1,
    digest: one.digest,
  });
  expect(heads.get(two.nodeId)).toMatchObject({ epoch: 2, revision: 2, digest: two.digest });
  expect(heads.get(three.nodeId)).toMatchObject({ kind: 'full', revision: 2, fullRevision: 2, digest: three.digest });
});

test('from a checkpoint only what came after is read, and the heads are the same', async () => {
  const desired = Array.from({ length: 20 }, () => new DesiredState(writer));
  await Promise.all(desired.map((each) => each.full()));
  const noted = await readHeads(service);
  expect(await saveHeads(service, 'demo', noted)).toBe(true);
  await desired[3]!.delta([testPeer(1)]);
  const checkpoint = await loadHeads(service, 'demo');
  expect(checkpoint).toEqual(noted);
  // A head that only the checkpoint can know proves that it was used.
  checkpoint!.heads.set('marker', { ...noted.heads.get(desired[0]!.nodeId)!, revision: 99 });
  const { heads } = await readHeads(service, checkpoint);
  expect(heads.get('marker')?.revision).toBe(99);
  heads.delete('marker');
  expect(heads).toEqual((await readHeads(service)).heads);
  expect(heads.get(desired[3]!.nodeId)).toMatchObject({ kind: 'delta', revision: 2, fullRevision: 1 });
});

test('a checkpoint of another life of the stream, a broken one or none does no harm', async () => {
  const noted = await readHeads(service);
  const other = { ...noted, generation: 'another', heads: new Map([['stranger', [...noted.heads.values()][0]!]]) };
  expect((await readHeads(service, other)).heads.has('stranger')).toBe(false);
  await service.jetstream.publish('tombolo.checkpoints.broken', 'no gzip');
  expect(await loadHeads(service, 'broken')).toBeUndefined();
  expect(await loadHeads(service, 'nobody')).toBeUndefined();
});

test('a change for 1,000 nodes reaches each of them, over one connection', async () => {
  const agents = new SharedAgents(await broker.connect('agents'));
  const nodes = Array.from({ length: 1_000 }, () => {
    const desired = new DesiredState(writer);
    const state = new HeldState();
    const opener = desired.opener(broker.trust.sealing.publicKey);
    const signer = desired.signer(broker.trust.sealing.publicKey);
    return { desired, state, follow: agents.follow({ opener, held: state.held, onMessage: state.onMessage }, signer) };
  });
  await writer.prepare(nodes.map(({ desired }) => ({ nodeId: desired.nodeId, controlKey: desired.keys.publicKey })));
  await Promise.all(nodes.map(({ desired }) => desired.full()));
  await until('all hold their full', () =>
    nodes.every(({ follow, state }) => follow.level && state.set?.revision === 1),
  );
  await Promise.all(nodes.map(({ desired }) => desired.delta([testPeer(1)])));
  await until('all hold the change', () => nodes.every(({ state }) => state.set?.revision === 2));
  for (const { desired, state } of nodes) expect(state.digest).toBe(desired.digest);
  expect(formatDigest(nodes[0]!.state.set!.digest)).toBe(nodes[999]!.desired.digest);
  agents.stop();
}, 30_000);
