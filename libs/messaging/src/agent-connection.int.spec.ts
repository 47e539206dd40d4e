import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { DesiredState, HeldState, testPeer } from '../../../test/support/desired-state.js';
import { startTrustedNats, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import type { ResyncReport } from '#contracts/reports.js';
import { type AgentConnection, connectAgent } from './agent-connection.js';
import type { ServiceConnection } from './connection.js';
import { mintNodeCredentials } from './node-credentials.js';
import { createSealKeys, NodeSealer } from './node-seal.js';
import { headers } from '@nats-io/transport-node';
import { NodeStreamWriter } from './node-stream.js';
import { ensureStreams } from './streams.js';

let broker: TrustedNats;
let service: ServiceConnection;
let writer: NodeStreamWriter;
const agents: AgentConnection[] = [];

beforeAll(async () => {
  broker = await startTrustedNats();
  service = await broker.connect('service');
  await ensureStreams(service, { replicas: 1 });
  writer = new NodeStreamWriter(service, broker.trust.sealing.privateKey);
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
});
afterAll(() => broker.stop());

/** An agent with a login of its own that follows `desired` from what it holds. */
async function agentOf(desired: DesiredState, state = new HeldState()) {
  const login = await testNodeLogin(broker.trust, desired.nodeId);
  const agent = connectAgent({ urls: [broker.url], ...login, reconnect: { firstMs: 100, longestMs: 100 } });
  agents.push(agent);
  const follow = agent.follow({
    opener: desired.opener(broker.trust.sealing.publicKey),
    held: state.held,
    onMessage: state.onMessage,
  });
  const level = () => until('the agent holds what is desired', () => follow.level && state.digest === desired.digest);
  return { agent, login, follow, state, level };
}

/** Resync reports of a node, as the controller hears them. */
function resyncsOf(desired: DesiredState): ResyncReport[] {
  const heard: ResyncReport[] = [];
  service.nats.subscribe(`tombolo.reports.${desired.nodeId}.resync`, {
    callback: (_, message) => {
      heard.push(message.json<ResyncReport>());
    },
  });
  return heard;
}

describe('an agent follows its desired state', () => {
  test('from before there is any: the first full and the deltas after it come live', async () => {
    const desired = new DesiredState(writer);
    const { state, level } = await agentOf(desired);
    desired.change([testPeer(1)]);
    await desired.full();
    await level();
    await desired.delta([testPeer(2)]);
    await desired.delta([testPeer(1, 7)], ['peer/2']);
    await level();
    expect(state.folded).toEqual(['full 1.1', 'delta 1.2', 'delta 1.3']);
  });

  test('after a while away: the ring alone, as long as it leads on', async () => {
    const desired = new DesiredState(writer);
    await desired.full();
    const before = await agentOf(desired);
    await before.level();
    await before.agent.close();
    for (let n = 0; n < 40; n++) await desired.delta([testPeer(n)]);
    await desired.full();
    const { state, level } = await agentOf(desired, before.state);
    await level();
    expect(state.folded).toEqual(['full 1.1', ...Array.from({ length: 40 }, (_, n) => `delta 1.${n + 2}`)]);
  });

  test('after the ring has wrapped: the full and what follows it', async () => {
    const desired = new DesiredState(writer);
    await desired.full();
    const before = await agentOf(desired);
    await before.level();
    await before.agent.close();
    for (let n = 0; n < 150; n++) {
      await desired.delta([testPeer(n % 7, n)]);
      if (n === 146) await desired.full();
    }
    const { state, level } = await agentOf(desired, before.state);
    await level();
    expect(state.folded.slice(1)).toEqual(['full 1.148', 'delta 1.149', 'delta 1.150', 'delta 1.151']);
  });

  test('through the death of the broker: nothing is missed, nothing is folded twice', async () => {
    const desired = new DesiredState(writer);
    await desired.full();
    const { state, level } = await agentOf(desired);
    await level();
    process.kill(broker.server.pid, 'SIGKILL');
    const published = [desired.delta([testPeer(1)]), desired.delta([testPeer(2)])];
    await broker.restart();
    await Promise.all(published);
    await level();
    expect(new Set(state.folded).size).toBe(state.folded.length);
    expect(state.set?.revision).toBe(3);
  });

  test('of the newest publisher only: what a deposed one still says changes nothing', async () => {
    const desired = new DesiredState(writer);
    desired.epoch = 2;
    await desired.full();
    const { state, level } = await agentOf(desired);
    await level();
    const deposed = new DesiredState(writer, desired.nodeId);
    Object.assign(deposed, { keys: desired.keys, revision: 1 });
    await deposed.delta([testPeer(66)]);
    await desired.delta([testPeer(1)]);
    await level();
    expect(state.folded).toEqual(['full 2.1', 'delta 2.2']);
  });
});

test('an agent that renews its login while connected logs in again and misses nothing', async () => {
  const desired = new DesiredState(writer);
  await desired.full();
  const { agent, login, state, level } = await agentOf(desired);
  await level();
  // A login that is worth nothing: that it is refused shows that the one given last is used.
  await agent.renew((await testNodeLogin(broker.trust, desired.nodeId)).jwt);
  await until('the other login is used', () => agent.status === 'refused');
  await desired.delta([testPeer(1)]);
  const { nodeId, natsKey } = login;
  const fresh = await mintNodeCredentials({ trust: broker.trust, nodeId, natsKey, now: new Date(), ttlSeconds: 60 });
  await agent.renew(fresh.jwt);
  await level();
  expect(agent.status).toBe('connected');
  expect(state.folded).toEqual(['full 1.1', 'delta 1.2']);
});

describe('an agent that cannot lead on asks for a full, and takes it', () => {
  test('no state and no full', async () => {
    const desired = new DesiredState(writer);
    const heard = resyncsOf(desired);
    const { level } = await agentOf(desired);
    await until('it asks', () => heard.length > 0);
    expect(heard[0]).toEqual({ epoch: 0, revision: 0, reason: 'no_state' });
    await desired.full();
    await level();
  });

  test('a revision that never came', async () => {
    const desired = new DesiredState(writer);
    const heard = resyncsOf(desired);
    await desired.full();
    const { state, level } = await agentOf(desired);
    await level();
    desired.change([testPeer(1)]);
    desired.revision += 1;
    await desired.delta([testPeer(2)]);
    await until('it asks', () => heard.length > 0);
    expect(heard[0]).toEqual({ epoch: 1, revision: 1, reason: 'gap' });
    expect(state.set?.resources.size).toBe(0);
    await desired.full();
    await level();
    await desired.delta([testPeer(3)]);
    await level();
  });

  test('a digest that does not come out: what was good stays', async () => {
    const desired = new DesiredState(writer);
    const heard = resyncsOf(desired);
    desired.change([testPeer(1)]);
    await desired.full();
    const { state, level } = await agentOf(desired);
    await level();
    desired.change([testPeer(2)]);
    await desired.delta([]);
    await until('it asks', () => heard.length > 0);
    expect(heard[0]).toEqual({ epoch: 1, revision: 1, reason: 'digest_mismatch' });
    expect([...state.set!.resources.keys()]).toEqual(['peer/1']);
    await desired.full();
    await level();
  });

  test('its own full cannot be opened', async () => {
    const desired = new DesiredState(writer);
    const heard = resyncsOf(desired);
    const stranger = new DesiredState(writer, desired.nodeId);
    await stranger.full();
    const { follow } = await agentOf(desired);
    await until('it asks', () => heard.length > 0);
    expect(heard[0]?.reason).toBe('unreadable');
    expect(follow.unreadable).toBeGreaterThan(0);
  });
});

test('a handler that fails keeps what was good, asks for a full, and the connection lives on', async () => {
  const desired = new DesiredState(writer);
  const heard = resyncsOf(desired);
  await desired.full();
  const state = new HeldState();
  const fold = state.onMessage;
  state.onMessage = (message) => {
    if (message.head.revision === 2) throw new Error('no place for two');
    return fold(message);
  };
  const { level } = await agentOf(desired, state);
  await level();
  await desired.delta([testPeer(1)]);
  await until('it asks', () => heard.length > 0);
  expect(heard[0]).toEqual({ epoch: 1, revision: 1, reason: 'unreadable' });
  desired.revision = 3;
  await desired.full();
  await level();
});

test('what the controller did not seal for this node is counted and changes nothing', async () => {
  const desired = new DesiredState(writer);
  desired.change([testPeer(1)]);
  await desired.full();
  const { state, follow, level } = await agentOf(desired);
  await level();
  const headText = `f.9.9.9.${'0'.repeat(32)}`;
  const body = Buffer.from('{"resources":[]}');
  const stranger = new NodeSealer(createSealKeys().privateKey);
  const real = new NodeSealer(broker.trust.sealing.privateKey);
  const other = new DesiredState(writer);
  const sealed = real.seal(desired.nodeId, desired.keys.publicKey, headText, body);
  const forgeries: [string, Uint8Array][] = [
    [headText, stranger.seal(desired.nodeId, desired.keys.publicKey, headText, body)],
    [headText, real.seal(other.nodeId, other.keys.publicKey, headText, body)],
    [headText.replace('f.9', 'f.8'), sealed],
    ['nonsense', sealed],
    [headText, sealed.subarray(0, 20)],
    [headText, Buffer.from('{"resources":[]}')],
    [headText, real.seal(desired.nodeId, desired.keys.publicKey, headText, Buffer.from('{"resources":[null]}'))],
  ];
  for (const [text, data] of forgeries)
    service.nats.publish(`tombolo.live.${desired.nodeId}.full`, data, { headers: headOf(text) });
  await until('all were counted', () => follow.unreadable === forgeries.length);
  expect(state.folded).toEqual(['full 1.1']);
  await desired.delta([testPeer(2)]);
  await level();
});

test('many histories, with agents that come and go: each ends with what is desired', async () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 100_000);
  const random = mulberry(seed);
  const desired = new DesiredState(writer);
  const states = [new HeldState(), new HeldState(), new HeldState()];
  const running: (Awaited<ReturnType<typeof agentOf>> | undefined)[] = states.map(() => undefined);
  await desired.full();
  for (let step = 0; step < 400; step++) {
    const who = Math.floor(random() * states.length);
    const dice = random();
    if (dice < 0.06) {
      const present = running[who];
      running[who] = undefined;
      if (present) await present.agent.close();
      else running[who] = await agentOf(desired, states[who]);
    } else if (dice < 0.1) await desired.full();
    else if (dice < 0.12) desired.epoch += 1;
    else await desired.delta([testPeer(Math.floor(random() * 20), step)], [`peer/${Math.floor(random() * 20)}`]);
  }
  await desired.full();
  for (const [who, state] of states.entries()) {
    const { level } = running[who] ?? (await agentOf(desired, state));
    await level().catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.message}; held ${state.set?.revision}, desired ${desired.revision}`);
    });
    expect(state.set?.resources.size).toBeGreaterThan(0);
  }
}, 60_000);

/** A small seeded generator, so that a failing history can be run again. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function headOf(text: string) {
  const result = headers();
  result.set('Tombolo-Head', text);
  return result;
}
