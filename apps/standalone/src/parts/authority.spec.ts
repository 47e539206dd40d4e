import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, connect, createServer, type PeerCertificate } from 'node:tls';
import { givenCertificate, ownCertificate, type ServerCertificate } from './authority.js';

const DAY = 86_400_000;
const names = ['127.0.0.1', '::1', '192.0.2.5', 'localhost', 'mesh.example.org'];

describe('certificates', () => {
  let keys: string;
  const now = new Date();
  const later = (days: number) => new Date(now.getTime() + days * DAY);
  beforeEach(() => {
    keys = mkdtempSync(join(tmpdir(), 'tombolo-test-ca-'));
  });
  afterEach(() => rmSync(keys, { recursive: true }));

  it.each(['localhost', 'mesh.example.org', '127.0.0.1', '192.0.2.5', '::1'])(
    'convince a TLS client that trusts the authority and asks for %s',
    async (name) => {
      const made = await ownCertificate({ keys, names, now });
      expect(await handshake(made, name)).toEqual({ authorized: true, pin: made.pin });
    },
  );

  it('do not convince a client that asks for another name', async () => {
    const made = await ownCertificate({ keys, names, now });
    await expect(handshake(made, 'other.example.org')).rejects.toThrow(/not in the cert/);
  });

  it('keep their private keys from others', async () => {
    const { keyFile } = await ownCertificate({ keys, names, now });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(keys, 'ca.key')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['nothing has changed', 0, names, false],
    ['two months and more are left', 397 - 63, names, false],
    ['two months are left', 397 - 60, names, true],
    ['it has expired', 500, names, true],
    ['a name is new', 0, [...names, '198.51.100.9'], true],
    ['a name is gone', 0, names.slice(1), false],
  ])('are renewed by the same authority when they must be: %s', async (_when, days, wanted, renewed) => {
    const first = await ownCertificate({ keys, names, now });
    const before = readFileSync(first.certFile, 'utf8');
    const second = await ownCertificate({ keys, names: wanted, now: later(days) });
    expect(readFileSync(second.certFile, 'utf8') !== before).toBe(renewed);
    expect(second.pin).toBe(first.pin);
    expect(second.expiresAt.getTime()).toBeGreaterThan(later(days + 60).getTime());
  });

  it('are made again when the pair on disk does not match', async () => {
    const first = await ownCertificate({ keys, names, now });
    writeFileSync(first.keyFile, newKey());
    const second = await ownCertificate({ keys, names, now });
    expect(await handshake(second, 'localhost')).toMatchObject({ authorized: true });
  });

  it('need the key of the authority: without it nothing new is made in silence', async () => {
    const first = await ownCertificate({ keys, names, now });
    rmSync(join(keys, 'ca.key'));
    await expect(ownCertificate({ keys, names, now })).rejects.toThrow(/restore it from your backup/);
    expect(first.caFile && readFileSync(first.caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
  });

  describe('of the operator', () => {
    it('are taken when they are right, and pinned themselves', async () => {
      const { certFile, keyFile } = await ownCertificate({ keys, names, now });
      const taken = givenCertificate({ certFile, keyFile }, 'mesh.example.org', now);
      const leaf = new X509Certificate(readFileSync(certFile));
      expect(taken).toMatchObject({ certFile, keyFile, pin: leaf.fingerprint256.replaceAll(':', '').toLowerCase() });
      expect(taken.caFile).toBeUndefined();
    });

    it.each<
      [string, (files: ServerCertificate) => { cert?: string; key?: string; host?: string; days?: number }, RegExp]
    >([
      ['the certificate is not there', () => ({ cert: '/nowhere.pem' }), /--tls-cert does not exist/],
      ['the key is not there', () => ({ key: '/nowhere.pem' }), /--tls-key does not exist/],
      ['the certificate is none', ({ keyFile }) => ({ cert: keyFile }), /is not a certificate in PEM/],
      ['the key is none', ({ certFile }) => ({ key: certFile }), /is not a private key without a passphrase in PEM/],
      ['the key is of another', () => ({ key: join(keys, 'ca.key') }), /does not belong to the certificate/],
      ['it has expired', () => ({ days: 398 }), /expired on/],
      ['it is not valid yet', () => ({ days: -3 }), /begins on/],
      [
        'it names other hosts',
        () => ({ host: 'a.example' }),
        /does not name a\.example \(it names .*mesh\.example\.org/,
      ],
    ])('are refused in one sentence when %s', async (_why, change, sentence) => {
      const files = await ownCertificate({ keys, names, now });
      const { cert = files.certFile, key = files.keyFile, host = 'localhost', days = 0 } = change(files);
      expect(() => givenCertificate({ certFile: cert, keyFile: key }, host, later(days))).toThrow(sentence);
    });
  });
});

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Serves with the certificate and connects as a client that asks for `name`; `pin` is the authority's that it shows. */
async function handshake(files: ServerCertificate, name: string): Promise<{ authorized: boolean; pin: string }> {
  const server = createServer({ cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ca = readFileSync(files.caFile as string);
  const checked = (_asked: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate);
  try {
    return await new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca, checkServerIdentity: checked }, () => {
        const authority = socket.getPeerCertificate(true).issuerCertificate;
        resolve({ authorized: socket.authorized, pin: authority.fingerprint256.replaceAll(':', '').toLowerCase() });
        socket.destroy();
      });
      socket.once('error', reject);
    });
  } finally {
    server.close();
  }
}
