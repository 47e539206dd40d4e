import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type BurstOptions, cloudConfig } from './cloud-config.js';
import { source } from './source.js';

interface CloudConfig {
  packages: string[];
  write_files: { path: string; owner: string; permissions: string; content: string }[];
  runcmd: string[][];
}

const TOKEN = 'tmb_secret-of-the-network';
const K3S_TOKEN = "K10::it's-secret";
const FULL: BurstOptions = {
  token: TOKEN,
  source: source('https://git.example.org/tombolo.git#v1.0'),
  k3s: { url: 'https://10.90.0.1:6443', token: K3S_TOKEN, version: 'v1.31.4+k3s1' },
};
const PLAIN: BurstOptions = { token: TOKEN, source: null, k3s: null };
const read = (options: BurstOptions) => parse(cloudConfig(options)) as CloudConfig;
const fileOf = (options: BurstOptions, path: string) =>
  read(options).write_files.find((file) => file.path === path)?.content ?? '';

test('begins as cloud-init knows it, and fits what clouds take (16 KiB)', () => {
  const text = cloudConfig(FULL);
  expect(text.split('\n')[0]).toBe('#cloud-config');
  expect(text.length).toBeLessThan(16 * 1024);
});

test.each([
  ['with everything', FULL],
  ['with the agent in the image', PLAIN],
])('%s, secrets are in files of root alone', (_, options) => {
  const { write_files: files, ...rest } = read(options);
  expect(JSON.stringify(rest)).not.toMatch(/secret/);
  for (const { content, permissions, owner, path } of files) {
    expect(owner).toBe('root:root');
    if (content.includes('secret')) expect([path, permissions]).toEqual([path, '0600']);
  }
  expect(files.filter(({ content }) => content.includes(TOKEN))).toHaveLength(1);
});

test('what is not asked for is not there', () => {
  expect(cloudConfig(PLAIN)).not.toMatch(/k3s-token"|\/etc\/tombolo\/k3s-token$|K3S_URL='/m);
  expect(read(PLAIN).packages).not.toContain('git');
  expect(read(FULL).packages).toEqual(expect.arrayContaining(['git', 'curl', 'wireguard-tools']));
});

test('a shell reads the settings as they were given', () => {
  const env = fileOf({ ...FULL, token: "tmb_'$(id)`id`\\" }, '/etc/tombolo/burst.env');
  const { stdout } = spawnSync('sh', ['-c', `${env}\nprintf %s "$TOMBOLO_ENROLMENT_TOKEN|$TOMBOLO_SOURCE_REF"`], {
    encoding: 'utf8',
  });
  expect(stdout).toBe("tmb_'$(id)`id`\\|v1.0");
});

const program = fileOf(PLAIN, '/usr/local/sbin/tombolo-burst');
const shellcheck = spawnSync('shellcheck', ['--version']).status === 0;

(shellcheck ? test : test.skip)(`shellcheck has nothing to say${shellcheck ? '' : ' (it is not installed)'}`, () => {
  const { stdout } = spawnSync('shellcheck', ['--shell=sh', '-'], { input: program, encoding: 'utf8' });
  expect(stdout).toBe('');
});

describe('the program on a machine', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tombolo-burst-'));
    mkdirSync(join(dir, 'bin'));
    mkdirSync(join(dir, 'state'));
    writeFileSync(join(dir, 'burst.env'), fileOf(FULL, '/etc/tombolo/burst.env'));
    shim('ip', `echo '7: tmb0    inet 10.90.0.7/32 scope global tmb0\\       valid_lft forever'`);
    shim('tombolo-agent', `echo "$@" >>"${dir}/said"; echo "$TOMBOLO_ENROLMENT_TOKEN" >"${dir}/token"`);
    shim('systemctl', '');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function shim(name: string, body: string): void {
    const path = join(dir, 'bin', name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  function run(...words: string[]) {
    const env = {
      PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
      TOMBOLO_BURST_SETTINGS: join(dir, 'burst.env'),
      TOMBOLO_STATE: join(dir, 'state'),
      TOMBOLO_K3S_CONFIG: join(dir, 'k3s', 'config.yaml'),
    };
    const { status, stderr } = spawnSync('sh', ['-s', ...words], { input: program, env, encoding: 'utf8' });
    return { status, stderr };
  }
  const said = () => (existsSync(join(dir, 'said')) ? readFileSync(join(dir, 'said'), 'utf8').trim() : '');

  test('joins with the token in the environment, where no list of processes shows it', () => {
    expect(run('join')).toEqual({ status: 0, stderr: '' });
    expect(said()).toBe(`up --state ${dir}/state --interface tmb0 --exit-after-apply`);
    expect(readFileSync(join(dir, 'token'), 'utf8').trim()).toBe(TOKEN);
  });

  test('k3s is told the address in the mesh and its interface', () => {
    run('join');
    const path = join(dir, 'k3s', 'config.yaml');
    expect(parse(readFileSync(path, 'utf8'))).toEqual({
      server: 'https://10.90.0.1:6443',
      'token-file': '/etc/tombolo/k3s-token',
      'node-ip': '10.90.0.7',
      'flannel-iface': 'tmb0',
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('what has joined is left to the agent, which also comes up with no server reachable', () => {
    run('join');
    writeFileSync(join(dir, 'state', 'identity.json'), '{}');
    rmSync(join(dir, 'said'));
    expect(run('join')).toEqual({ status: 0, stderr: '' });
    expect(said()).toBe('');
    // It died between joining and telling k3s.
    rmSync(join(dir, 'k3s', 'config.yaml'));
    run('join');
    expect(said()).toMatch(/^up /);
  });

  test('leaves at shutdown what it has joined', () => {
    expect(run('leave').status).toBe(0);
    expect(said()).toBe('');
    writeFileSync(join(dir, 'state', 'identity.json'), '{}');
    mkdirSync(join(dir, 'k3s'));
    writeFileSync(join(dir, 'k3s', 'config.yaml'), '');
    expect(run('leave').status).toBe(0);
    expect(said()).toBe(`leave --state ${dir}/state`);
    expect(existsSync(join(dir, 'k3s', 'config.yaml'))).toBe(false);
  });

  test('stays at a reboot, so that it comes back with its address', () => {
    writeFileSync(join(dir, 'state', 'identity.json'), '{}');
    shim('systemctl', 'echo "  12 reboot.target start waiting"');
    expect(run('leave').status).toBe(0);
    expect(said()).toBe('');
  });

  test('the configuration of a k3s that is none of ours stays', () => {
    writeFileSync(join(dir, 'burst.env'), fileOf(PLAIN, '/etc/tombolo/burst.env'));
    mkdirSync(join(dir, 'k3s'));
    writeFileSync(join(dir, 'k3s', 'config.yaml'), 'mine');
    run('join');
    run('leave');
    expect(readFileSync(join(dir, 'k3s', 'config.yaml'), 'utf8')).toBe('mine');
  });

  test('says what is wrong', () => {
    expect(run()).toEqual({ status: 1, stderr: 'tombolo-burst: say install, join or leave\n' });
  });
});

describe('the source', () => {
  const SHA = 'a'.repeat(64);

  test.each([
    ['https://git.example.org/tombolo.git', { ref: null, sha256: null }],
    ['https://git.example.org/tombolo#release/1.2', { ref: 'release/1.2', sha256: null }],
    [`https://files.example.org/tombolo-1.2.tar.gz#sha256=${SHA}`, { ref: null, sha256: SHA }],
    ['file:///srv/tombolo.tgz', { ref: null, sha256: null }],
  ])('%s', (text, rest) => {
    expect(source(text)).toEqual({ url: text.split('#')[0], ...rest });
  });

  test.each([
    'http://files.example.org/tombolo.tgz',
    'https://user:password@git.example.org/tombolo.git',
    'https://git.example.org/tombolo.git#--upload-pack=x',
    `https://git.example.org/tombolo.git#sha256=${SHA}`,
    'https://files.example.org/tombolo.tgz#v1',
    "https://git.example.org/'$(id)'",
    'file:///srv/tombolo.git',
    'tombolo',
  ])('%s is refused', (text) => {
    expect(() => source(text)).toThrow();
  });
});
