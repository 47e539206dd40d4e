import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { type BurstOptions, cloudConfig } from '../../apps/cli/src/burst/cloud-config.js';
import { source } from '../../apps/cli/src/burst/source.js';

const SCHEMA = 'usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json';
const schema = schemaOf('/') ?? schemaOfPackage();

/** cloud-init's own schema of such documents, where cloud-init is installed. */
function schemaOf(root: string): object | undefined {
  const path = join(root, SCHEMA);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as object) : undefined;
}

/** Of Debian's package, which is only unpacked: installed, it would work on this machine at its next boot. */
function schemaOfPackage(): object | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-cloud-init-'));
  try {
    const quietly = { cwd: dir, stdio: 'ignore', timeout: 60_000 } as const;
    spawnSync('apt-get', ['download', 'cloud-init'], quietly);
    for (const name of readdirSync(dir)) spawnSync('dpkg-deb', ['-x', name, dir], quietly);
    return schemaOf(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const ALONE: BurstOptions = { token: 'tmb_x', source: null, k3s: null };
const DOCUMENTS: [string, BurstOptions][] = [
  ['with the agent in the image', ALONE],
  ['with a repository', { ...ALONE, source: source('https://git.example.org/tombolo.git#v1') }],
  ['with k3s', { ...ALONE, k3s: { url: 'https://10.90.0.1:6443', token: 'K10', version: 'v1.31.4+k3s1' } }],
];

(schema ? describe : describe.skip)(
  schema ? 'cloud-init' : 'cloud-init (its Debian package is not to be had here)',
  () => {
    const check = () => {
      const ajv = new Ajv({ strict: false, allErrors: true });
      formats.default(ajv);
      // It names draft 4, of which it uses nothing that later drafts read otherwise.
      return ajv.compile({ ...schema, $schema: undefined });
    };

    test.each(DOCUMENTS)('takes the document %s', (_, options) => {
      const isValid = check();
      isValid(parse(cloudConfig(options)));
      expect(isValid.errors ?? []).toEqual([]);
    });

    test('would not take a wrong one', () => {
      const document = parse(cloudConfig(ALONE)) as { write_files: object[] };
      expect(check()({ ...document, write_files: [{ content: 'without a path' }] })).toBe(false);
    });
  },
);
