import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataDir } from './data-dir.js';
import { fileFailure } from './failure.js';

describe('the data directory', () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'tombolo-test-dir-'));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is made for its owner alone, with its parts', () => {
    const dir = openDataDir(join(parent, 'a', 'b'));
    for (const path of [dir.path, dir.keys, dir.postgres, dir.nats, dir.logs, dir.cache])
      expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(dir.key('seed')).toBe(join(dir.path, 'keys', 'seed'));
    dir.release();
  });

  it('says where it answers for as long as it is ready', () => {
    const dir = openDataDir(parent);
    const file = join(parent, 'ready.json');
    dir.announce({ http: 'http://127.0.0.1:1', nats: 'nats://127.0.0.1:2', adminTokenFile: dir.key('admin-token') });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      http: 'http://127.0.0.1:1',
      nats: 'nats://127.0.0.1:2',
      adminTokenFile: join(parent, 'keys', 'admin-token'),
      pid: process.pid,
    });
    dir.release();
    expect(existsSync(file)).toBe(false);
  });

  it('takes back a ready.json that a killed process left', () => {
    openDataDir(parent).release();
    writeFileSync(join(parent, 'ready.json'), '{}');
    const dir = openDataDir(parent);
    expect(existsSync(join(parent, 'ready.json'))).toBe(false);
    dir.release();
  });

  it('belongs to one process at a time, until that is gone', async () => {
    const first = openDataDir(parent);
    first.announce({ http: 'h', nats: 'n', adminTokenFile: 't' });
    expect(() => openDataDir(parent)).toThrow(`Tombolo already runs on ${parent} (process ${process.pid})`);
    expect(existsSync(join(parent, 'ready.json'))).toBe(true);
    first.release();
    openDataDir(parent).release();
  });

  it('is free again when its process was killed with -9', async () => {
    openDataDir(parent).release();
    const holder = spawn('flock', ['--no-fork', join(parent, 'lock'), 'sh', '-c', 'echo held; exec sleep 600']);
    await once(holder.stdout, 'data');
    expect(() => openDataDir(parent)).toThrow(/already runs on/);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    openDataDir(parent).release();
  });

  it("leaves other people's directories alone", () => {
    writeFileSync(join(parent, 'thesis.txt'), 'years of work');
    mkdirSync(join(parent, 'keys'), { mode: 0o755 });
    expect(() => openDataDir(parent)).toThrow(/holds other things: give --data a new or an empty directory/);
    expect(statSync(join(parent, 'keys')).mode & 0o777).toBe(0o755);
    expect(existsSync(join(parent, 'lock'))).toBe(false);
  });

  it('refuses a path through a file', () => {
    writeFileSync(join(parent, 'file'), '');
    expect(() => openDataDir(join(parent, 'file', 'dir'))).toThrow(/Cannot write .*not a directory/);
    expect(() => openDataDir(join(parent, 'file'))).toThrow(/Cannot write .*not a directory/);
  });

  const mayMount = process.geteuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

  (mayMount ? it : it.skip)('needs some room', () => {
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', parent], { encoding: 'utf8' });
    expect(mount).toMatchObject({ status: 0, stderr: '' });
    try {
      expect(() => openDataDir(parent)).toThrow(/^Only 15 MB are free for .*, and 256 MB are needed: make room/);
    } finally {
      spawnSync('umount', [parent]);
    }
  });

  it.each([
    ['ENOSPC', /the disk is full/],
    ['EACCES', /no right to write there/],
    ['EROFS', /read-only/],
  ])('explains %s in a sentence', (code, sentence) => {
    expect(fileFailure(Object.assign(new Error('raw'), { code }), '/srv').message).toMatch(sentence);
  });
});
