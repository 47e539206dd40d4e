import { resolve } from 'node:path';
import { databaseUrl } from './database-url.js';

/** Any file that can be read. */
const CA = 'package.json';
const caParameter = `sslrootcert=${encodeURIComponent(resolve(CA))}`;

test.each<[string, string, NodeJS.ProcessEnv, string]>([
  ['this machine, as it is', 'postgres://u:p@127.0.0.1:5432/t', {}, 'postgres://u:p@127.0.0.1:5432/t'],
  ['this machine over IPv6', 'postgres://u:p@[::1]/t', {}, 'postgres://u:p@[::1]/t'],
  ['a socket of this machine', 'postgres:///t?host=/run/postgresql', {}, 'postgres:///t?host=/run/postgresql'],
  ['no host at all', 'postgres:///t', {}, 'postgres:///t'],
  ['another machine', 'postgres://u:p@db/t', {}, 'postgres://u:p@db/t?sslmode=verify-full'],
  ['another machine, said so', 'postgresql://db/t?sslmode=verify-full', {}, 'postgresql://db/t?sslmode=verify-full'],
  [
    'an authority',
    'postgres://db/t',
    { TOMBOLO_DATABASE_CA: CA },
    `postgres://db/t?sslmode=verify-full&${caParameter}`,
  ],
  [
    'an authority here',
    'postgres://127.0.0.1/t',
    { TOMBOLO_DATABASE_CA: CA },
    `postgres://127.0.0.1/t?sslmode=verify-full&${caParameter}`,
  ],
  ['what is allowed', 'postgres://db/t', { TOMBOLO_DATABASE_ALLOW_UNVERIFIED: 'yes' }, 'postgres://db/t'],
  [
    'what is allowed, said so',
    'postgres://db/t?sslmode=disable',
    { TOMBOLO_DATABASE_ALLOW_UNVERIFIED: 'yes' },
    'postgres://db/t?sslmode=disable',
  ],
  ['a host of the environment', 'postgres:///t', { PGHOST: 'db' }, 'postgres:///t?sslmode=verify-full&host=db'],
])('%s', (_, url, env, expected) => {
  const found = databaseUrl({ TOMBOLO_DATABASE_URL: url, ...env });
  expect(found).toBe(expected);
  // A process that is handed it reads it again.
  expect(databaseUrl({ TOMBOLO_DATABASE_URL: found, ...env })).toBe(expected);
});

test.each<[string, string, NodeJS.ProcessEnv, RegExp]>([
  ['no TLS to another machine', 'postgres://u:secret@db/t?sslmode=disable', {}, /leads to db, another machine/],
  [
    'TLS that proves nothing',
    'postgres://u:secret@db/t?sslmode=require',
    {},
    /sslmode=require does not prove.*ALLOW_UNVERIFIED=yes/,
  ],
  ['a host behind the one of the URL', 'postgres://u:secret@localhost/t?host=db&sslmode=disable', {}, /leads to db/],
  [
    'a name that begins like loopback',
    'postgres://u:secret@127.0.0.1.example.org/t?sslmode=prefer',
    {},
    /another machine/,
  ],
  ['another kind of database', 'mysql://u:secret@db/t', {}, /begins with postgres:/],
  ['no URL', 'u:secret@db', {}, /begins with postgres:/],
  [
    'an authority that is not there',
    'postgres://u:secret@db/t',
    { TOMBOLO_DATABASE_CA: '/no/such' },
    /cannot read \/no\/such of TOMBOLO_DATABASE_CA: ENOENT/,
  ],
  [
    'a permission that is none',
    'postgres://u:secret@db/t',
    { TOMBOLO_DATABASE_ALLOW_UNVERIFIED: '1' },
    /is neither empty nor yes/,
  ],
])('refuses %s, and repeats no password', (_, url, env, sentence) => {
  expect(() => databaseUrl({ TOMBOLO_DATABASE_URL: url, ...env })).toThrow(sentence);
  expect(() => databaseUrl({ TOMBOLO_DATABASE_URL: url, ...env })).not.toThrow(/secret/);
});
