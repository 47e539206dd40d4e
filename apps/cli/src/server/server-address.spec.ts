import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAddress } from './server-address.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tombolo-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function ready(content: string | object) {
  mkdirSync(join(folder, '.tombolo'));
  writeFileSync(join(folder, 'token'), 'tmbt_secret\n');
  writeFileSync(join(folder, 'ca.pem'), 'PEM');
  writeFileSync(
    join(folder, '.tombolo', 'ready.json'),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
}

test('what `up` wrote is found from a folder below', () => {
  ready({ http: 'https://127.0.0.1:8080', adminTokenFile: join(folder, 'token'), caFile: join(folder, 'ca.pem') });
  const below = join(folder, 'a', 'b');
  mkdirSync(below, { recursive: true });
  expect(serverAddress({}, {}, below)).toEqual({ url: 'https://127.0.0.1:8080', token: 'tmbt_secret', ca: 'PEM' });
});

test('options win over the environment, the environment over the file', () => {
  ready({ http: 'http://127.0.0.1:1', adminTokenFile: join(folder, 'token') });
  const env = { TOMBOLO_SERVER: 'http://env:2/', TOMBOLO_TOKEN: 'from-env' };
  expect(serverAddress({}, env, folder)).toMatchObject({ url: 'http://env:2', token: 'from-env' });
  expect(serverAddress({ server: 'https://option:3', token: 'given' }, env, folder)).toMatchObject({
    url: 'https://option:3',
    token: 'given',
  });
});

test('without a server, a token, or a readable file the message says what to do', () => {
  expect(() => serverAddress({}, {}, folder)).toThrow('npm run up');
  expect(() => serverAddress({ server: 'http://x' }, {}, folder)).toThrow('TOMBOLO_TOKEN');
  expect(() => serverAddress({ server: 'http://x', token: 't', ca: join(folder, 'no.pem') }, {}, folder)).toThrow(
    'no such file',
  );
  ready('{ "http": ');
  expect(() => serverAddress({}, {}, folder)).toThrow('ready.json is not readable');
});
