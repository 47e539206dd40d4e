import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { readTrust } from '#service/secrets.js';
import { inOwnNamespace } from '../support/own-namespace.js';
import { connectSource } from '../support/source-login.js';
import { until } from '../support/wait.js';

/**
 * A real run of a control plane and an agent that says all it can say (`TOMBOLO_LOG=trace`), with every kind of secret made
 * and used, mistakes included. Afterwards every secret is looked for wherever something is told or kept, but for the files
 * that are there to hold it and the one answer that hands it out.
 */
inOwnNamespace(import.meta.url, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-secrets-'));
  const data = join(dir, 'data');
  const state = join(dir, 'agent');
  const told = new Map<string, string>();
  const secrets = new Map<string, string>();
  const children: ChildProcess[] = [];
  let http = '';
  let admin = '';
  let service: ServiceConnection;

  const note = (where: string, text: string) => void told.set(where, (told.get(where) ?? '') + text);

  beforeAll(async () => {
    start('up', ['dist/programs/standalone.js', '--data', data, '--http', '127.0.0.1:0', '--nats', '127.0.0.1:0']);
    void watchProcesses();
    await until('the control plane', () => existsSync(join(data, 'ready.json')), 90_000);
    const ready = JSON.parse(readFileSync(join(data, 'ready.json'), 'utf8')) as Record<
      'http' | 'nats' | 'adminTokenFile',
      string
    >;
    http = ready.http;
    admin = readFileSync(ready.adminTokenFile, 'utf8').trim();
    const { serviceCredentials } = readTrust(join(data, 'keys', 'trust.json'));
    service = await connectService({ urls: [ready.nats], creds: serviceCredentials, name: 'secrets-test' });
    service.nats.subscribe('>', {
      callback: (_, { subject, data: bytes }) =>
        note('messages', `${subject} ${Buffer.from(bytes).toString('latin1')}\n`),
    });
    await live(ready.nats);
    await service.close();
    await endAll();
  }, 110_000);
  afterAll(async () => {
    await endAll();
    // The data plane outlives its agent, and would outlive this test: without an interface wireguard-go ends.
    spawnSync('ip', ['link', 'delete', 'dev', 'tmbsec']);
    await service?.close();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  /** The agent before its control plane. */
  async function endAll(): Promise<void> {
    for (const child of children.splice(0).reverse()) await ended(child);
  }

  /** Everything that makes or shows a secret, and what goes wrong with it. */
  async function live(nats: string): Promise<void> {
    await call('POST', '/networks', { name: 'prod', cidr: '10.90.0.0/16' });
    const { token } = await handOut<{ token: string }>(
      '/networks/prod/enrollment-keys',
      { uses: 2 },
      'enrolment token',
    );
    const parts = JSON.parse(Buffer.from(token.slice(4), 'base64url').toString()) as { secret: string };
    secrets.set('secret in the enrolment token', parts.secret);
    const api = await handOut<{ token: string }>('/tokens', { name: 'ci', role: 'operator' }, 'API token');
    const body = { name: 'cmdb', networks: ['prod'], allow: ['node.retire'] };
    const { credentials } = await handOut<{ credentials: string }>('/sources', body, undefined);
    secrets.set('seed of the source', /NKEY SEED-----\s+(\S+)/.exec(credentials)?.[1] ?? '');

    // Mistakes: secrets where they do not belong.
    await call('POST', '/networks', { name: token, cidr: api.token });
    await call('POST', '/enroll', { name: 'x', publicKey: token }, `Bearer ${token}`);
    await call('GET', '/networks', undefined, `Bearer ${api.token}x`);
    await call('GET', '/networks', undefined, `Basic ${api.token}`);
    await fetch(`${http}/api/v1/networks`, { method: 'POST', body: `{"name": ${api.token}`, headers: json(admin) })
      .then((answer) => answer.text())
      .then((text) => note('answers', text));
    const source = await connectSource(nats, credentials);
    source.publish('tombolo.ingest.cmdb', 'rubbish');
    await until('the rubbish to be answered', () => (told.get('messages') ?? '').includes('malformed'));
    await source.close();

    start(
      'agent',
      ['apps/agent/bin/tombolo-agent.mjs', 'up', '--state', state, '--name', 'web', '--interface', 'tmbsec'],
      {
        TOMBOLO_ENROLMENT_TOKEN: token,
      },
    );
    await until(
      'the agent to hold its state',
      () => /tombolo\.reports\.\S+\.applied/.test(told.get('messages') ?? ''),
      60_000,
    );
    await call('POST', '/networks/prod/nodes/web/rotate-key', {});
    await until('the new key', () => (told.get('messages') ?? '').includes('NodeKeyRotated'), 30_000);
    note(
      'agent',
      execFileSync(process.execPath, [
        'apps/agent/bin/tombolo-agent.mjs',
        'status',
        '--state',
        state,
        '-o',
        'json',
      ]).toString(),
    );
    for (const name of readdirSync(state)) collect(`agent's ${name}`, join(state, name));
    collectKeys(join(data, 'keys'));
    for (const path of [
      'networks',
      'networks/prod',
      'networks/prod/nodes',
      'networks/prod/enrollment-keys',
      'tokens',
      'sources',
      'networks/prod/events?limit=1000',
      'networks/system/events?limit=1000',
      'networks/prod/topology',
      'networks/prod/status',
    ])
      await call('GET', `/${path}`);
    for (const path of ['/metrics', '/readyz', '/api/openapi.json', '/api/asyncapi.json'])
      note('answers', await fetch(http + path).then((answer) => answer.text()));
  }

  const json = (token: string) => ({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    authorization = `Bearer ${admin}`,
  ): Promise<unknown> {
    const headers = { ...json(''), Authorization: authorization };
    const answer = await fetch(`${http}/api/v1${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    note('answers', `${method} ${path} ${answer.status} ${text}\n`);
    return text ? JSON.parse(text) : undefined;
  }

  /** The one answer that may hold the secret. */
  async function handOut<T extends object>(path: string, body: object, name: string | undefined): Promise<T> {
    const answer = await fetch(`${http}/api/v1${path}`, {
      method: 'POST',
      headers: json(admin),
      body: JSON.stringify(body),
    });
    const made = (await answer.json()) as T & { token?: string };
    if (name) secrets.set(name, made.token ?? '');
    return made;
  }

  function start(name: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const output = openSync(join(dir, `${name}.out`), 'a');
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', output, output],
      env: { ...process.env, TOMBOLO_LOG: 'trace', TOMBOLO_LOG_FORMAT: 'json', ...env },
    });
    children.push(child);
    return child;
  }

  async function ended(child: ChildProcess): Promise<void> {
    child.kill('SIGTERM');
    await until('a process to end', () => child.exitCode !== null || child.signalCode !== null, 30_000);
  }

  /** What anybody on the machine can see of processes, as long as ours run. */
  async function watchProcesses(): Promise<void> {
    const seen = new Set<string>();
    while (children.length > 0) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const line = read(`/proc/${pid}/cmdline`);
        if (!seen.has(line)) note('process list', `${line}\n`);
        seen.add(line);
      }
      await pause(20);
    }
  }

  const read = (file: string) => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return '';
    }
  };

  /** Of a file that holds secrets: seeds, private keys, passwords, by their form or by their name. */
  function collect(name: string, file: string): void {
    const text = read(file);
    if (statSync(file).isDirectory()) return;
    for (const [seed] of text.matchAll(/\bS[UAOX][A-Z2-7]{56}\b/g))
      secrets.set(`seed in ${name}: ${seed.slice(0, 4)}`, seed);
    for (const [, field = '', value = ''] of text.matchAll(
      /"(\w*(?:[pP]rivate|[pP]assword|[sS]eed|[sS]ecret)\w*)":\s*"([^"]{16,})"/g,
    ))
      if (!value.startsWith('-----')) secrets.set(`${field} in ${name}`, value);
    if (/^[A-Za-z0-9+/]{43}=\s*$/.test(text)) secrets.set(`key in ${name}`, text.trim());
    const pem = /PRIVATE KEY-----\n(\S+)\n/.exec(text)?.[1];
    if (pem) secrets.set(`PEM in ${name}`, pem);
  }

  function collectKeys(keys: string): void {
    secrets.set('admin token', admin);
    for (const name of readdirSync(keys)) {
      collect(name, join(keys, name));
      if (!/password|master/.test(name)) continue;
      const bytes = readFileSync(join(keys, name));
      const text = bytes.toString('latin1').trim();
      secrets.set(name, text);
      for (const form of ['hex', 'base64', 'base64url'] as const)
        secrets.set(`${name} as ${form}`, bytes.toString(form));
    }
  }

  /** Files below a directory, with their bytes as text. */
  function* files(below: string): Generator<[string, string]> {
    for (const entry of readdirSync(below, { withFileTypes: true })) {
      const path = join(below, entry.name);
      if (entry.isDirectory()) yield* files(path);
      else if (entry.isFile()) yield [path.slice(dir.length + 1), read(path)];
    }
  }

  const holders = (text: string) => [...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => name);

  test('every kind of secret was made, and each is long enough to be found by chance nowhere', () => {
    for (const kind of [
      'enrolment token',
      'API token',
      'admin token',
      'seed of the source',
      'privateKey in trust.json',
      "key in agent's wireguard.key",
      'master.key',
    ])
      expect([...secrets.keys()]).toContain(kind);
    expect([...secrets].filter(([, secret]) => secret.length < 16).map(([name]) => name)).toEqual([]);
  });

  test('nothing told holds one: answers, events, messages of the broker, process lists', () => {
    expect([...told.keys()].sort()).toEqual(['agent', 'answers', 'messages', 'process list']);
    expect([...told].map(([where, text]) => [where, holders(text)])).toEqual(
      [...told.keys()].map((where) => [where, []]),
    );
  });

  test('what was looked through is what was to be looked through', () => {
    const traces = {
      answers: '"web"',
      messages: 'tombolo.events.prod.NodeEnrolled',
      'process list': 'tmbsec',
      agent: '"peers"',
    };
    for (const [where, trace] of Object.entries(traces))
      expect([where, told.get(where)]).toEqual([where, expect.stringContaining(trace)]);
    expect(holders(`x${admin}y`)).toEqual(['admin token']);
  });

  test('no log holds one, at the finest level', () => {
    for (const name of ['up.out', 'agent.out']) {
      const text = read(join(dir, name));
      expect([name, text.length > 500, holders(text)]).toEqual([name, true, []]);
    }
  });

  test('nothing kept holds one, but for the files that are made for it: the log in PostgreSQL, the streams, the logs', () => {
    const found = [...files(data)]
      .filter(([path]) => !path.startsWith('data/keys/'))
      .map(([path, text]) => [path, holders(text)] as const);
    expect(found.length).toBeGreaterThan(500);
    expect(found.filter(([, names]) => names.length > 0)).toEqual([]);
  });

  test('the files that are made for it are for their owner alone', () => {
    const open = [...files(dir)].filter(
      ([path, text]) => /^(data\/keys|agent)\//.test(path) && holders(text).length > 0,
    );
    expect(open.length).toBeGreaterThan(3);
    for (const [path] of open) expect([path, statSync(join(dir, path)).mode & 0o077]).toEqual([path, 0]);
  });
});
