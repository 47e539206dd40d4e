import 'reflect-metadata';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { ownCertificate, type ServerCertificate } from '../../../standalone/src/parts/authority.js';
import { httpCall } from './http-request.js';
import { trustIn, trustInPin } from './server-trust.js';

const home = mkdtempSync(join(tmpdir(), 'tombolo-trust-'));
const servers: Server[] = [];
let genuine: ServerCertificate;

beforeAll(async () => {
  genuine = await ownCertificate({ keys: home, names: ['127.0.0.1'], now: new Date() });
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rmSync(home, { recursive: true }));

const received: string[] = [];
async function serve(cert: string, key: string): Promise<URL> {
  received.length = 0;
  const server = createServer({ cert, key }, (request, response) => {
    received.push(request.headers.authorization ?? '');
    response.end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const genuinePem = () => ({ cert: readFileSync(genuine.certFile, 'utf8'), key: readFileSync(genuine.keyFile, 'utf8') });
const pinOf = (pem: string) => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
const call = async (url: URL, pin: string | null) =>
  httpCall({ method: 'POST', url, headers: { authorization: 'secret' }, body: {}, trust: await trustInPin(url, pin) });

/** A certificate that signs itself. */
async function selfSigned(names: string[]): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Tombolo authority',
      signingAlgorithm: algorithm,
      keys,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value })),
        ),
      ],
    },
    webcrypto,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: made.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
  };
}

test("the authority's pin: its server is trusted, at enrolment and with the returned authority after it", async () => {
  const { cert, key } = genuinePem();
  const url = await serve(cert, key);
  expect(await call(url, genuine.pin)).toMatchObject({ status: 200 });
  const trust = trustIn(readFileSync(genuine.caFile ?? '', 'utf8'));
  expect(await httpCall({ method: 'POST', url, headers: {}, body: {}, trust })).toMatchObject({ status: 200 });
});

test("a server certificate's own pin stands for that server, whatever its name, and though an authority signed it", async () => {
  const own = await selfSigned(['elsewhere.example']);
  expect(await call(await serve(own.cert, own.key), pinOf(own.cert))).toMatchObject({ status: 200 });
  const { cert, key } = genuinePem();
  const [leaf = ''] = cert.split(/(?<=-----END CERTIFICATE-----\n)/);
  expect(await call(await serve(leaf, key), pinOf(leaf))).toMatchObject({ status: 200 });
});

test('another certificate is refused before anything is sent', async () => {
  const other = await selfSigned(['127.0.0.1']);
  const url = await serve(other.cert, other.key);
  await expect(call(url, genuine.pin)).rejects.toMatchObject({ exit: 'refused' });
  expect(received).toEqual([]);
});

test('a chain that shows the pinned authority but was not signed by it is refused before anything is sent', async () => {
  const forged = await selfSigned(['127.0.0.1']);
  const authority = readFileSync(genuine.caFile ?? '', 'utf8');
  const url = await serve(`${forged.cert}\n${authority}`, forged.key);
  await expect(call(url, genuine.pin)).rejects.toThrow();
  expect(received).toEqual([]);
});

test("the pinned authority's certificate for another name is refused", async () => {
  const other = await ownCertificate({ keys: mkdtempSync(join(home, 'o-')), names: ['10.1.2.3'], now: new Date() });
  const url = await serve(readFileSync(other.certFile, 'utf8'), readFileSync(other.keyFile, 'utf8'));
  await expect(call(url, other.pin)).rejects.toThrow(/IP|altname/i);
  expect(received).toEqual([]);
});

test("without a pin the system's roots decide", async () => {
  const { cert, key } = genuinePem();
  await expect(call(await serve(cert, key), null)).rejects.toThrow(/self-signed|certificate/);
  expect(received).toEqual([]);
});

test.each<[string, string | null, RegExp]>([
  ['http://10.0.0.1:8080', null, /sent in clear/],
  ['http://127.0.0.1:8080', 'ab'.repeat(32), /pins a certificate/],
])('%s with pin %s is a mistake', async (url, pin, message) => {
  await expect(trustInPin(new URL(url), pin)).rejects.toMatchObject({
    exit: 'usage',
    message: expect.stringMatching(message),
  });
});

test('plain HTTP on this machine needs no trust', async () => {
  for (const url of ['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])
    expect(await trustInPin(new URL(url), null)).toEqual({});
});
