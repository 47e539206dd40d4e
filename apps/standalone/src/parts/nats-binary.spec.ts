import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { silent } from './log.js';
import { findNatsServer } from './nats-binary.js';

describe('finding a nats-server', () => {
  let dir: string;
  const server = (name: string, says: string) => {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'nats-server'), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
    return join(dir, name, 'nats-server');
  };
  const find = (env: NodeJS.ProcessEnv) => findNatsServer({ cacheDir: join(dir, 'cache'), log: silent, env });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tombolo-test-bin-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it.each(['nats-server: v2.9.10', 'nats-server: v2.15.1', 'nats-server: v3.0.0'])('takes %s', async (says) => {
    const named = server('named', says);
    expect(await find({ TOMBOLO_NATS_SERVER: named, PATH: '' })).toBe(named);
  });

  it('gives an absolute path, for the server gets another working directory', async () => {
    const named = relative(process.cwd(), server('named', 'nats-server: v2.9.10'));
    expect(await find({ TOMBOLO_NATS_SERVER: named })).toBe(join(dir, 'named', 'nats-server'));
  });

  it.each(['nats-server: v2.8.4', 'nats-server: v1.4.1', 'something else'])('refuses %s', async (says) => {
    const named = server('named', says);
    await expect(find({ TOMBOLO_NATS_SERVER: named })).rejects.toThrow(/is no nats-server 2\.9 or newer/);
  });

  it('refuses a named one that is not there, whatever PATH holds', async () => {
    server('path', 'nats-server: v2.9.10');
    const env = { TOMBOLO_NATS_SERVER: join(dir, 'nowhere'), PATH: join(dir, 'path') };
    await expect(find(env)).rejects.toThrow(/give the path of one/);
  });

  it('takes the first recent one of PATH', async () => {
    server('old', 'nats-server: v2.8.4');
    const good = server('good', 'nats-server: v2.10.27');
    server('later', 'nats-server: v2.9.10');
    const PATH = ['old', 'empty', 'good', 'later'].map((name) => join(dir, name)).join(':');
    expect(await find({ PATH })).toBe(good);
  });
});
