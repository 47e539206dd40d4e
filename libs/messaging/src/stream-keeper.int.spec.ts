import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { STREAMS } from '#contracts/subjects.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { StreamKeeper } from './stream-keeper.js';

let broker: TrustedNats;
beforeAll(async () => {
  broker = await startTrustedNats();
});
afterAll(() => broker.stop());

test('streams that are lost are made again, and who publishes desired state is told so, once', async () => {
  const connection = await broker.connect();
  const keeper = new StreamKeeper({ connection, replicas: 1, everyMs: 50 });
  let remade = 0;
  keeper.onNodesRemade(() => (remade += 1));
  const { streams } = await connection.manager();
  const names = async () => (await streams.names().next()).sort();
  const all = Object.values(STREAMS).sort();
  try {
    await until('all to be there', async () => (await names()).join() === all.join());
    expect(remade).toBe(0);
    for (const name of all) await streams.delete(name);
    await until('all to be there again', async () => (await names()).join() === all.join());
    await until('it to be told', () => remade > 0);
    await streams.delete(STREAMS.parked);
    await until('another to be there again', async () => (await names()).join() === all.join());
    expect(remade).toBe(1);
  } finally {
    await keeper.stop();
  }
});
