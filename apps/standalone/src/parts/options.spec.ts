import { describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { parseUpOptions, USAGE, type UpOptions } from './options.js';

const loopback = (port: number) => ({ host: '127.0.0.1', port });
const trusted = { TOMBOLO_NATS_URL: 'tls://a:4222, tls://b:4222', TOMBOLO_NATS_TRUST: 'trust.json' };

describe('options of up', () => {
  it('has defaults for everything', () => {
    expect(parseUpOptions([], {})).toEqual({
      data: resolve('.tombolo'),
      http: loopback(8080),
      nats: { kind: 'embedded', listen: loopback(4222), nodes: 1 },
      database: { kind: 'embedded', port: 0 },
      proxies: 0,
      replicas: 1,
    });
  });

  it.each<[string, string[], NodeJS.ProcessEnv, Partial<UpOptions>]>([
    ['a directory', ['--data', '/srv/tombolo'], {}, { data: '/srv/tombolo' }],
    ['an address', ['--http', '0.0.0.0:80'], {}, { http: { host: '0.0.0.0', port: 80 } }],
    ['an IPv6 address', ['--http=[::1]:0'], {}, { http: { host: '::1', port: 0 } }],
    ['localhost', ['--nats', 'localhost:1'], {}, { nats: { kind: 'embedded', listen: loopback(1), nodes: 1 } }],
    ['several NATS', ['--nats-nodes', '3'], {}, { nats: { kind: 'embedded', listen: loopback(4222), nodes: 3 } }],
    ['replicas', ['--replicas', '2'], {}, { replicas: 2 }],
    ['a database port', ['--postgres-port', '5432'], {}, { database: { kind: 'embedded', port: 5432 } }],
    ['a public URL', ['--public-url', 'https://mesh.example.org/'], {}, { publicUrl: 'https://mesh.example.org' }],
    ['certificates', ['--tls-cert', '/c', '--tls-key', '/k'], {}, { tls: { certFile: '/c', keyFile: '/k' } }],
    [
      'a database elsewhere',
      [],
      { TOMBOLO_DATABASE_URL: 'postgresql://u:p@db/t' },
      { database: { kind: 'external', url: 'postgresql://u:p@db/t?sslmode=verify-full' } },
    ],
    [
      'a broker elsewhere',
      [],
      { ...trusted, TOMBOLO_NATS_CA: '/ca.pem' },
      {
        nats: {
          kind: 'external',
          urls: ['tls://a:4222', 'tls://b:4222'],
          trustFile: resolve('trust.json'),
          caFile: '/ca.pem',
        },
      },
    ],
    ['a proxy', [], { TOMBOLO_TRUST_PROXY: '1' }, { proxies: 1 }],
    [
      'empty variables, which count as none',
      [],
      { TOMBOLO_DATABASE_URL: '', TOMBOLO_NATS_URL: '', TOMBOLO_TRUST_PROXY: '' },
      { proxies: 0 },
    ],
  ])('takes %s', (_what, args, env, expected) => {
    expect(parseUpOptions(args, env)).toMatchObject(expected);
  });

  it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    ['a proxy that is no number', [], { TOMBOLO_TRUST_PROXY: 'true' }, /TOMBOLO_TRUST_PROXY is not a number/],
    ['an even number of NATS', ['--nats-nodes', '2'], {}, /--nats-nodes takes 1, 3 or 5, not 2/],
    ['no replicas', ['--replicas', '0'], {}, /--replicas takes a number from 1 to 9, not 0/],
    ['a NATS cluster of ours and another', ['--nats-nodes', '3'], trusted, /--nats-nodes is for our own NATS/],
    ['replicas on another NATS', ['--replicas', '2'], trusted, /--replicas is for our own NATS/],
    ['an unknown flag', ['--htpp', 'x'], {}, /Unknown option '--htpp'/],
    ['a stray word', ['start'], {}, /Unexpected argument 'start'/],
    ['a flag without its value', ['--data'], {}, /--data/],
    ['a port alone', ['--http', '8080'], {}, /--http takes ADDR:PORT/],
    ['a name for an address', ['--http', 'example.org:80'], {}, /--http takes ADDR:PORT/],
    ['no address', ['--http', ':80'], {}, /--http takes ADDR:PORT/],
    ['an address out of range', ['--nats', '10.0.0.256:4222'], {}, /--nats takes ADDR:PORT/],
    ['IPv6 without brackets', ['--nats', '::1:4222'], {}, /--nats takes ADDR:PORT/],
    ['IPv4 in brackets', ['--nats', '[127.0.0.1]:4222'], {}, /--nats takes ADDR:PORT/],
    ['a port out of range', ['--http', '127.0.0.1:65536'], {}, /port from 0 to 65535, not 65536/],
    ['a negative port', ['--postgres-port=-1'], {}, /port from 0 to 65535/],
    ['a certificate without its key', ['--tls-cert', 'c'], {}, /belong together/],
    ['a key without its certificate', ['--tls-key', 'k'], {}, /belong together/],
    ['a public URL without a scheme', ['--public-url', 'mesh.example.org'], {}, /https?:\/\//],
    ['a public URL with a path', ['--public-url', 'https://mesh.example.org/api'], {}, /scheme, host and port alone/],
    ['a database of another kind', [], { TOMBOLO_DATABASE_URL: 'mysql://u:secret@db' }, /postgres:\/\//],
    [
      'a database over the network in plain text',
      [],
      { TOMBOLO_DATABASE_URL: 'postgres://u:secret@db/t?sslmode=disable' },
      /leads to db, another machine, and sslmode=disable does not prove/,
    ],
    ['a broker that is no URL', [], { ...trusted, TOMBOLO_NATS_URL: 'broker' }, /nats:\/\/ or tls:\/\//],
    ['a broker without its keys', [], { TOMBOLO_NATS_URL: 'nats://b' }, /TOMBOLO_NATS_TRUST/],
    ['two brokers', ['--nats', '127.0.0.1:1'], trusted, /give one of them/],
    ['two databases', ['--postgres-port', '1'], { TOMBOLO_DATABASE_URL: 'postgres://db' }, /give one of them/],
  ])('refuses %s, in one sentence and with exit code 2', (_what, args, env, sentence) => {
    const refusal = expect.objectContaining({
      name: 'StartFailure',
      exitCode: 2,
      message: expect.stringMatching(sentence),
    });
    expect(() => parseUpOptions(args, env)).toThrow(refusal as unknown as Error);
    expect(() => parseUpOptions(args, env)).toThrow(/^[^\n]+\(npm run up -- --help lists the options\)\.$/);
    expect(() => parseUpOptions(args, env)).not.toThrow(/secret/);
  });

  it('knows --help, which lists every flag', () => {
    expect(parseUpOptions(['--help'], {})).toBe('help');
    for (const flag of ['data', 'http', 'nats', 'postgres-port', 'tls-cert', 'tls-key', 'public-url'])
      expect(USAGE).toContain(`--${flag} `);
  });
});
