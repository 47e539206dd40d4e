import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StreamConfig } from '@nats-io/jetstream';
import { STREAMS } from '#contracts/subjects.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { ensureStreams, settingsThatDiffer, streamConfigs, streamGeneration } from './streams.js';

let broker: TrustedNats;
beforeAll(async () => {
  broker = await startTrustedNats();
});
afterAll(() => broker.stop());

test('makes every stream as asked for, and repeating it from two replicas at once changes nothing', async () => {
  const [one, other] = await Promise.all([broker.connect(), broker.connect()]);
  await Promise.all([ensureStreams(one, { replicas: 1 }), ensureStreams(other, { replicas: 1 })]);
  const manager = await one.manager();
  const { config, created } = await manager.streams.info(STREAMS.nodes);
  expect(config).toMatchObject({ subjects: ['tombolo.nodes.>'], max_msgs_per_subject: 1, allow_direct: true });
  await ensureStreams(other, { replicas: 1 });
  expect((await manager.streams.info(STREAMS.nodes)).created).toBe(created);
});

test('many replicas that start at once all find every stream made', async () => {
  const replicas = await Promise.all(Array.from({ length: 8 }, () => broker.connect()));
  const manager = await replicas[0]!.manager();
  await ensureStreams(replicas[0]!, { replicas: 1 });
  for (let round = 0; round < 60; round++) {
    for (const { name } of streamConfigs(1)) await manager.streams.delete(name);
    await Promise.all(replicas.map((replica) => ensureStreams(replica, { replicas: 1 })));
  }
  const names = (await manager.streams.names().next()).sort();
  expect(names).toEqual(
    streamConfigs(1)
      .map(({ name }) => name)
      .sort(),
  );
});

test('brings a stream back to what it must be, and keeps what it holds', async () => {
  const connection = await broker.connect();
  const manager = await connection.manager();
  await connection.jetstream.publish('tombolo.events.demo.NetworkCreated', '{}');
  const generation = await streamGeneration(connection);
  await manager.streams.update(STREAMS.events, { ...streamConfigs(1)[0], max_msgs: 5 });
  await ensureStreams(connection, { replicas: 1 });
  const { config, state } = await manager.streams.info(STREAMS.events);
  expect(config.max_msgs).toBe(-1);
  expect(state.messages).toBe(1);
  expect(await streamGeneration(connection)).toBe(generation);
});

test('the generation changes when the stream was lost and made again', async () => {
  const connection = await broker.connect();
  const before = await streamGeneration(connection);
  await (await connection.manager()).streams.delete(STREAMS.events);
  await expect(streamGeneration(connection)).rejects.toMatchObject({ kind: 'unavailable', part: 'broker' });
  await ensureStreams(connection, { replicas: 1 });
  expect(await streamGeneration(connection)).not.toBe(before);
});

test('more replicas than brokers are refused', async () => {
  await expect(ensureStreams(await broker.connect(), { replicas: 3 })).rejects.toThrow(/cluster of brokers/);
});

test('a setting that this broker ignores without a word is refused by its name; one that knows it takes it', async () => {
  const connection = await broker.connect();
  // From nats-server 2.11 on.
  const streams = [{ name: 'NEWER', subjects: ['newer.>'], allow_msg_ttl: true, num_replicas: 1 }];
  const [major = 0, minor = 0] = connection.nats.info!.version.split('.').map(Number);
  const ensured = ensureStreams(connection, { replicas: 1, streams });
  if (major > 2 || minor >= 11) await expect(ensured).resolves.toBeUndefined();
  else await expect(ensured).rejects.toThrow(/stream NEWER as asked for: allow_msg_ttl is undefined/);
});

test.each([
  ['a setting that an old broker ignores', { allow_msg_ttl: true }, ['allow_msg_ttl']],
  ['another value', { max_msgs: 5 }, ['max_msgs']],
  ['a part of a nested setting', { republish: { src: 'tombolo.nodes.>', dest: 'elsewhere.>' } }, ['republish']],
  ['what newer brokers add by themselves', {}, []],
])('tells what the broker does not hold: %s', (_, change, expected) => {
  const republish = { src: 'tombolo.nodes.>', dest: 'tombolo.live.>' };
  const nodes = { ...streamConfigs(1)[1]!, republish };
  const held = { ...nodes, metadata: { _nats_level: '1' }, republish: { ...republish, headers_only: false } };
  expect(settingsThatDiffer({ ...nodes, ...change }, held as StreamConfig)).toEqual(expected);
});
