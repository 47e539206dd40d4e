import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyOut } from '#event-store/postgres/log-copy.js';
import { openLog } from '#event-store/postgres/data-source.js';
import { databaseUrl } from '#service/database-url.js';
import { ownCertificate } from '../../apps/standalone/src/parts/authority.js';
import { silent } from '../../apps/standalone/src/parts/log.js';
import { type Postgres, startPostgres } from '../../apps/standalone/src/parts/postgres.js';

/** A PostgreSQL with a certificate that names 127.0.0.1 and db.test; it is reached at 127.0.0.2 as well, which is not in it. */
let dir: string;
let server: Postgres;
let ca: string;
let otherCa: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tombolo-test-tls-'));
  const certificateOf = async (name: string, names: string[]) => {
    mkdirSync(join(dir, name));
    return ownCertificate({ keys: join(dir, name), names, now: new Date() });
  };
  const ours = await certificateOf('ours', ['127.0.0.1', 'db.test']);
  ca = ours.caFile!;
  otherCa = (await certificateOf('other', ['127.0.0.1'])).caFile!;
  server = await startPostgres({
    dir: join(dir, 'postgres'),
    passwordFile: join(dir, 'password'),
    logFile: join(dir, 'log'),
    port: 0,
    log: silent,
    settings: {
      fsync: 'off',
      ssl: 'on',
      ssl_cert_file: ours.certFile,
      ssl_key_file: ours.keyFile,
      listen_addresses: '127.0.0.1,127.0.0.2',
    },
  });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** As a service reads its environment. */
function urlFor(host: string, caFile?: string): string {
  const url = new URL(server.url);
  url.hostname = host;
  url.searchParams.set('sslmode', 'verify-full');
  return databaseUrl({ TOMBOLO_DATABASE_URL: url.href, ...(caFile && { TOMBOLO_DATABASE_CA: caFile }) });
}

const open = async (url: string) => {
  const dataSource = await openLog({ url, applicationName: 'tls test' });
  const query = `select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
  const [row] = (await dataSource.query(query)) as { ssl: boolean }[];
  await dataSource.destroy();
  return row?.ssl;
};

test('a server that proves its name to the authority that was given is used, encrypted; a backup likewise', async () => {
  expect(await open(urlFor('127.0.0.1', ca))).toBe(true);
  expect((await copyOut(urlFor('127.0.0.1', ca)).next()).value).toMatchObject({ kind: 'epoch' });
  // The embedded one is reached over loopback alone and has no certificate.
  expect(await open(server.url)).toBe(false);
});

test.each<[string, () => string, RegExp]>([
  ['signed by another authority', () => urlFor('127.0.0.1', otherCa), /not trusted.*TOMBOLO_DATABASE_CA/],
  ['of no authority that is known', () => urlFor('127.0.0.1'), /not trusted.*TOMBOLO_DATABASE_CA/],
  [
    'that names another host',
    () => urlFor('127.0.0.2', ca),
    /not trusted.*127\.0\.0\.2.*a host that its certificate names/,
  ],
  ['for another name of the same server', () => urlFor('localhost', ca), /not trusted.*localhost/],
])('a certificate %s is refused in a sentence, before the password is sent', async (_, url, sentence) => {
  const refusal = { kind: 'unavailable', part: 'log', message: expect.stringMatching(sentence) };
  await expect(open(url())).rejects.toMatchObject(refusal);
  await expect(copyOut(url()).next()).rejects.toMatchObject(refusal);
});

test('a server without TLS is refused where it was asked for, and a file that is missing is named', async () => {
  const plain = await startPostgres({
    dir: join(dir, 'plain'),
    passwordFile: join(dir, 'plain-password'),
    logFile: join(dir, 'plain-log'),
    port: 0,
    log: silent,
    settings: { fsync: 'off' },
  });
  const message = expect.stringMatching(/does not support SSL/);
  await expect(open(`${plain.url}?sslmode=verify-full`)).rejects.toMatchObject({ kind: 'unavailable', message });
  await plain.stop();
  await expect(open(`${server.url}?sslmode=verify-full&sslrootcert=/no/such`)).rejects.toThrow(
    /cannot read \/no\/such/,
  );
});
