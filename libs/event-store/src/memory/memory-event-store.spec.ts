import { eventStoreContract, revoked } from '../core/event-store.contract.js';
import { MemoryEventStore } from './memory-event-store.js';

eventStoreContract('the log in memory', async () => ({
  open: (options) => new MemoryEventStore(options),
  close: async () => undefined,
}));

test('a clock set back does not order times against versions', async () => {
  const times = ['2026-11-20T10:00:00.000Z', '2026-11-20T09:00:00.000Z', '2026-11-20T11:00:00.000Z'];
  const store = new MemoryEventStore({ now: () => times.shift()! });
  for (const v of [0, 1, 2]) await store.append([{ stream: 'n', expectedVersion: v, facts: [revoked(`k${v}`)] }], []);
  expect((await store.read('n')).map((fact) => fact.recordedAt.slice(11, 13))).toEqual(['10', '10', '11']);
  expect(await store.versionAt('n', '2026-11-20T10:30:00Z')).toBe(2);
});

test('what a reader changes, no other reader sees', async () => {
  const store = new MemoryEventStore();
  await store.append([{ stream: 'n', expectedVersion: 0, facts: [revoked('k')] }], []);
  const [first] = await store.read('n');
  Object.assign(first!.data, { keyId: 'spoilt' });
  expect((await store.read('n'))[0]?.data).toEqual({ keyId: 'k' });
});
