import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Random } from '../simulation/random.js';
import { startNats, type TestNats } from '../support/servers.js';
import { until } from '../support/wait.js';
import { BadLine } from './bad-line.js';

let nats: TestNats;
let lines: BadLine[];
let near: NatsConnection;
let far: NatsConnection;
let heard: string[];

beforeAll(async () => {
  nats = await startNats();
  lines = await Promise.all([1, 2].map((seed) => BadLine.open(nats.url, new Random(seed))));
  near = await connect({ servers: nats.url });
  far = await connect({ servers: lines[0]!.url, ignoreClusterUpdates: true, reconnectTimeWait: 20 });
  near.subscribe('>', { callback: (_, message) => void heard.push(`${message.subject} ${message.string()}`) });
  await near.flush();
});
beforeEach(() => {
  heard = [];
  lines.forEach((line) => line.mend());
});
afterAll(async () => {
  await Promise.all([near?.close(), far?.close()]);
  await Promise.all(lines?.map((line) => line.close()) ?? []);
  await nats?.stop();
});

test('it says messages twice, and keeps those of one connection in order', async () => {
  lines[0]!.weather = { delayMs: 20, duplication: 1 };
  for (const n of [1, 2, 3]) far.publish('tombolo.x', String(n));
  far.publish('other', 'once');
  await until('all to come', () => heard.length === 7);
  const twice = ['1', '2', '3'].flatMap((n) => [`tombolo.x ${n}`, `tombolo.x ${n}`]);
  expect(heard).toEqual([...twice, 'other once']);
});

test('while it hangs nothing comes, and then all of it', async () => {
  lines[0]!.hang();
  for (const n of [1, 2]) far.publish('tombolo.x', String(n));
  near.publish('near', 'said');
  await until('those on other ways to be heard', () => heard.length > 0);
  expect(heard).toEqual(['near said']);
  lines[0]!.mend();
  await until('the others to come', () => heard.length === 3);
  expect(heard.slice(1)).toEqual(['tombolo.x 1', 'tombolo.x 2']);
});

test('cut, it takes nobody, until it is mended', async () => {
  lines[0]!.cut();
  await expect(connect({ servers: lines[0]!.url, timeout: 1_000 })).rejects.toThrow();
  lines[0]!.mend();
  const isBack = () =>
    far.flush().then(
      () => true,
      () => false,
    );
  await until('who was connected to come back', isBack);
  far.publish('tombolo.x', 'back');
  await until('it to come', () => heard.includes('tombolo.x back'));
});
