import { afterAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startNats, startPostgres } from './servers.js';

describe('servers for tests', () => {
  const stops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  it('gives a PostgreSQL that answers and leaves nothing behind', async () => {
    const server = await startPostgres();
    stops.push(server.stop);
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    expect((await client.query('select current_database() as name')).rows).toEqual([{ name: 'tombolo' }]);
    await client.end();
    await server.stop();
    expect(existsSync(server.dir)).toBe(false);
  });

  it('gives a NATS with JetStream on a port of its own', async () => {
    const [one, other] = await Promise.all([startNats(), startNats({ jetstream: false })]);
    stops.push(one.stop, other.stop);
    expect(other.port).not.toBe(one.port);
    expect(await greeting(one.port)).toMatchObject({ jetstream: true });
    expect(await greeting(other.port)).not.toHaveProperty('jetstream');
  });

  it('starts a stopped NATS again at the same place', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tombolo-test-nats-'));
    const first = await startNats({ dir });
    await first.stop();
    const again = await startNats({ dir, port: first.port });
    stops.push(again.stop, async () => rmSync(dir, { recursive: true }));
    expect(again).toMatchObject({ url: first.url, dir });
    expect(await greeting(first.port)).toMatchObject({ jetstream: true });
  });
});

function greeting(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(JSON.parse(data.toString().slice('INFO '.length)));
    });
  });
}
