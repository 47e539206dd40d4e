import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, startByAnotherProcess } from '../../../../test/support/killable.js';
import { silent } from './log.js';
import { findNatsServer } from './nats-binary.js';
import { type Nats, startNats } from './nats.js';

const CONFIG = 'jetstream { store_dir: jetstream }';

describe('NATS of our own', () => {
  let dir: string;
  let started: Nats[];
  const start = async (more: Partial<Parameters<typeof startNats>[0]> = {}) => {
    const binary = await findNatsServer({ cacheDir: join('node_modules', '.cache', 'tombolo'), log: silent });
    const listen = { host: '127.0.0.1', port: 0 };
    const server = await startNats({
      dir,
      configText: CONFIG,
      listen,
      binary,
      logFile: join(dir, 'log'),
      log: silent,
      ...more,
    });
    started.push(server);
    return server;
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tombolo-test-nats-'));
    started = [];
  });
  afterEach(async () => {
    for (const server of started) await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('keeps its streams over a stop and a start on the same port, and its configuration to itself', async () => {
    const first = await start();
    await publish(first.port);
    await first.stop();
    expect(await first.exited).toMatch(/exit code 0|exit code 1/);
    const second = await start({ listen: { host: '127.0.0.1', port: first.port } });
    expect(second.port).toBe(first.port);
    expect(await stored(second.port)).toBe(1);
    expect(statSync(join(dir, 'nats-server.conf')).mode & 0o777).toBe(0o600);
  });

  it('dies with the process that started it, and the next start has every acknowledged message', async () => {
    const server = await startByAnotherProcess('nats', dir);
    await publish(Number(new URL(server.url).port));
    await server.killParent();
    expect(await stored((await start()).port)).toBe(1);
  });

  it('has every acknowledged message after it was killed itself', async () => {
    const first = await start();
    await publish(first.port);
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toMatch(/SIGKILL/);
    expect(await stored((await start()).port)).toBe(1);
  });

  it('stops a server of an earlier run before it starts its own', async () => {
    const first = await start();
    await publish(first.port);
    const second = await start();
    await first.exited;
    expect(isAlive(first.pid)).toBe(false);
    expect(await stored(second.port)).toBe(1);
  });

  it.each([
    ['a configuration it cannot read', { configText: 'nonsense: {' }, /NATS did not start: .*Parse error/],
    ['an option it does not know', { configText: 'nonsense: true' }, /NATS did not start: .*nonsense/],
  ])('says why it does not start: %s', async (_what, more, sentence) => {
    await expect(start(more)).rejects.toThrow(sentence);
  });

  it('names a port that is taken and what to do', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    );
    try {
      await expect(start({ listen: { host: '127.0.0.1', port } })).rejects.toThrow(
        /^Port \d+ on 127.0.0.1 is in use: .* --nats/,
      );
    } finally {
      other.close();
    }
  });
});

async function publish(port: number) {
  const connection = await connect({ port });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'TEST', subjects: ['test'] });
  await jetstream(connection).publish('test', 'hello');
  await connection.close();
}

async function stored(port: number): Promise<number> {
  const connection = await connect({ port });
  const { state } = await (await jetstreamManager(connection)).streams.info('TEST');
  await connection.close();
  return state.messages;
}
