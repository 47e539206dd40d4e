import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ownCertificate } from '../../../apps/standalone/src/parts/authority.js';
import { until } from '../../../test/support/wait.js';
import { type Certificate, type CertificateFiles, followCertificate, readCertificate } from './certificate-files.js';

let dir: string;
let files: CertificateFiles;
let certificates: [Certificate, Certificate];
let server: Server;
let told: string[];
let end: () => void;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tombolo-certificates-'));
  const make = async (name: string) =>
    readCertificate(await ownCertificate({ keys: keysDir(name), names: [name], now: new Date() }));
  certificates = [await make('localhost'), await make('other.example')];
  files = { certFile: join(dir, 'cert'), keyFile: join(dir, 'key') };
  write(certificates[0]);
  told = [];
  server = createServer(certificates[0], (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tell = (_: object, message: string) => void told.push(message);
  end = followCertificate({
    files,
    server,
    everyMs: 5,
    onChange: () => told.push('onChange'),
    logger: { info: tell, warn: tell },
  });
});
afterEach(async () => {
  end();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true });
});

test('new connections get what the files hold since', async () => {
  expect(await shownName()).toBe('DNS:localhost');
  write(certificates[1]);
  await until('the other certificate', async () => (await shownName()) === 'DNS:other.example');
  expect(told).toEqual(['certificate changed, new connections get it', 'onChange']);
});

test.each<[string, () => void]>([
  ['a key of another certificate', () => writeFileSync(files.keyFile, certificates[1].key)],
  ['half a file', () => writeFileSync(files.certFile, certificates[1].cert.slice(0, 200))],
  ['no file', () => rmSync(files.keyFile)],
])('%s is not served, is told once, and made good later', async (_, spoil) => {
  spoil();
  await until('it to be told', () => told.length > 0);
  expect(await shownName()).toBe('DNS:localhost');
  write(certificates[1]);
  await until('the other certificate', async () => (await shownName()) === 'DNS:other.example');
  expect(told[0]).toBe('certificate not fit to serve, the one before stays');
  expect(told.filter((message) => message === told[0])).toHaveLength(1);
});

const write = ({ cert, key }: Certificate) => {
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
};
const keysDir = (name: string) => mkdtempSync(join(dir, name));
const shownName = () =>
  new Promise<string | undefined>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.destroy();
    });
    socket.on('error', reject);
  });
