import { connect } from 'node:net';
import { startRegistry } from '../testing/registry.fixture.js';
import { UnreliableStore } from '../testing/unreliable-store.js';

test('a stop waits for the request under way, and not for a connection that never asked', async () => {
  const store = new UnreliableStore();
  const registry = await startRegistry({ store });
  const { hostname, port } = new URL(registry.url);
  const idle = connect(Number(port), hostname);
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));
  await new Promise((resolve) => idle.once('connect', resolve));

  const append = store.append;
  let goOn = () => {};
  const allowed = new Promise<void>((resolve) => (goOn = resolve));
  const appending = new Promise<void>((begun) => {
    store.append = async (parts, answers) => {
      begun();
      await allowed;
      return append(parts, answers);
    };
  });
  const created = registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  await appending;
  const closed = registry.close();
  goOn();
  expect((await created).status).toBe(201);
  await closed;
  await idleClosed;
});
