import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceEnvironment } from './environment.js';

const needed = {
  TOMBOLO_DATABASE_URL: 'postgres://u:p@db/tombolo',
  TOMBOLO_NATS_URL: 'nats://a:4222, nats://b:4222',
  TOMBOLO_KEYS_DIR: '/keys',
};

test('what is not said has a default', () => {
  expect(serviceEnvironment(needed)).toEqual({
    databaseUrl: 'postgres://u:p@db/tombolo?sslmode=verify-full',
    natsUrls: ['nats://a:4222', 'nats://b:4222'],
    natsPublicUrls: ['nats://a:4222', 'nats://b:4222'],
    keysDir: '/keys',
    streamReplicas: 1,
    http: { host: '127.0.0.1', port: 8080 },
    health: null,
    tls: null,
    proxies: 0,
    ca: null,
    publicUrl: 'http://127.0.0.1:8080',
  });
});

test('everything that is wrong is named at once', () => {
  const wrong = {
    TOMBOLO_HTTP: 'nowhere',
    TOMBOLO_STREAM_REPLICAS: '2',
    TOMBOLO_TLS_CERT: '/does/not/exist',
    TOMBOLO_TRUST_PROXY: 'yes',
  };
  expect(() => serviceEnvironment(wrong)).toThrow(
    /DATABASE_URL is not set; TOMBOLO_NATS_URL is not set; TOMBOLO_KEYS_DIR is not set; TOMBOLO_HTTP is not ADDRESS:PORT; TOMBOLO_STREAM_REPLICAS is not 1, 3 or 5; cannot read \/does\/not\/exist: ENOENT; TOMBOLO_TRUST_PROXY is not a number of proxies from 0 to 10/,
  );
});

test('health has an address of its own on loopback alone', () => {
  const health = (address: string) => serviceEnvironment({ ...needed, TOMBOLO_HEALTH: address }).health;
  expect(health('127.0.0.1:9')).toEqual({ host: '127.0.0.1', port: 9 });
  expect(() => health('0.0.0.0:9')).toThrow(/TOMBOLO_HEALTH is not ADDRESS:PORT of loopback/);
});

test('a proxy before it is trusted only when that is said', () => {
  expect(serviceEnvironment({ ...needed, TOMBOLO_TRUST_PROXY: '1' }).proxies).toBe(1);
});

test('beyond loopback there is no HTTP without TLS', () => {
  expect(() => serviceEnvironment({ ...needed, TOMBOLO_HTTP: '0.0.0.0:8080' })).toThrow('not a loopback address');
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-env-'));
  const [cert, key] = [join(dir, 'cert'), join(dir, 'key')];
  writeFileSync(cert, 'CERT');
  writeFileSync(key, 'KEY');
  const tls = { TOMBOLO_HTTP: '[::]:443', TOMBOLO_TLS_CERT: cert, TOMBOLO_TLS_KEY: key };
  expect(serviceEnvironment({ ...needed, ...tls })).toMatchObject({
    http: { host: '::', port: 443 },
    tls: { cert: 'CERT', key: 'KEY', certFile: cert, keyFile: key },
    publicUrl: 'https://[::]:443',
  });
  expect(() => serviceEnvironment({ ...needed, TOMBOLO_TLS_CERT: cert })).toThrow('go together');
  rmSync(dir, { recursive: true });
});
