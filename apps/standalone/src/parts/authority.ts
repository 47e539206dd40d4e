import 'reflect-metadata';
import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { StartFailure } from './failure.js';
import { writeFileAtomic } from './files.js';

/** What HTTP and NATS serve with. Key material is in the files, never in a log. */
export interface ServerCertificate {
  /** PEM, the server's certificate first, then its chain. */
  certFile: string;
  keyFile: string;
  /** PEM of what clients must trust; absent when a public authority signed it. */
  caFile?: string;
  /** What enrolment tokens pin: SHA-256 of the DER certificate of our authority, or of a given server certificate; hex. */
  pin: string;
  expiresAt: Date;
}

export interface AuthorityOptions {
  /** Where the authority is, and the certificate unless `to` says otherwise, with their private keys. */
  keys: string;
  /** Another directory for the certificate and its key: whoever serves it need not reach the authority's. */
  to?: string;
  /** Addresses and DNS names the server answers on. */
  names: string[];
  now: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;
/** Every agent pins the authority, so it outlives them. */
const AUTHORITY_DAYS = 20 * 365;
/** The longest that all TLS clients accept (CA/Browser Forum baseline requirements §6.3.2, 398 days). */
const SERVER_DAYS = 397;
const RENEW_DAYS = 60;

/**
 * A server certificate for `names` by an authority of our own: both are made when missing, the certificate again when
 * it ends within 60 days or lacks a name. The same call from a timer renews in place and changes nothing otherwise.
 */
export async function ownCertificate({ keys, to = keys, names, now }: AuthorityOptions): Promise<ServerCertificate> {
  const caFile = `${keys}/ca.crt`;
  const certFile = `${to}/server.crt`;
  const keyFile = `${to}/server.key`;
  const authority = await keepAuthority(caFile, `${keys}/ca.key`, now);
  if (!isGood(certFile, keyFile, { ca: authority.certificate, names, now })) {
    const { certificate, key } = await issue(authority, names, now);
    // The certificate last: a stop in between leaves a pair that does not match, which the next start replaces.
    writeFileAtomic(keyFile, key, 0o600);
    writeFileAtomic(certFile, certificate + authority.certificate.toString(), 0o644);
  }
  const expiresAt = new Date(new X509Certificate(readFileSync(certFile)).validTo);
  return { certFile, keyFile, caFile, pin: sha256(authority.certificate), expiresAt };
}

/** The operator's own certificate, checked: readable, the key is its key, valid now, and it names the host in use. */
export function givenCertificate(
  files: { certFile: string; keyFile: string },
  host: string,
  now: Date,
): ServerCertificate {
  const { certFile, keyFile } = files;
  const certificate = parse('--tls-cert', certFile, 'a certificate', (pem) => new X509Certificate(pem));
  const key = parse('--tls-key', keyFile, 'a private key without a passphrase', createPrivateKey);
  const expiresAt = new Date(certificate.validTo);
  if (!certificate.checkPrivateKey(key))
    throw new StartFailure(
      `The key ${keyFile} does not belong to the certificate ${certFile}: give the pair that does.`,
    );
  if (expiresAt <= now)
    throw new StartFailure(`The certificate ${certFile} expired on ${certificate.validTo}: renew it.`);
  if (new Date(certificate.validFrom) > now)
    throw new StartFailure(
      `The certificate ${certFile} begins on ${certificate.validFrom} only: wait, or set the clock right.`,
    );
  if (!covers(certificate, host))
    throw new StartFailure(
      `The certificate ${certFile} does not name ${host} (it names ${certificate.subjectAltName ?? 'nothing'}): give --public-url with a name it holds, or another certificate.`,
    );
  const selfSigned = certificate.checkIssued(certificate);
  return { certFile, keyFile, caFile: selfSigned ? certFile : undefined, pin: sha256(certificate), expiresAt };
}

interface Authority {
  certificate: X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

async function keepAuthority(caFile: string, keyFile: string, now: Date): Promise<Authority> {
  if (existsSync(caFile)) {
    if (!existsSync(keyFile))
      throw new StartFailure(
        `The authority's key ${keyFile} is gone: restore it from your backup; without ${caFile} a new authority is made, and every node must enrol again.`,
      );
    const certificate = new X509Certificate(readFileSync(caFile));
    const privateKey = await importKey(readFileSync(keyFile));
    const publicKey = await webcrypto.subtle.importKey(
      'spki',
      certificate.publicKey.export({ type: 'spki', format: 'der' }),
      ALGORITHM,
      true,
      ['verify'],
    );
    return { certificate, keys: { privateKey, publicKey } };
  }
  const keys = await newKeys();
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Tombolo authority',
      notBefore: daysFrom(now, -1),
      notAfter: daysFrom(now, AUTHORITY_DAYS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const certificate = new X509Certificate(Buffer.from(made.rawData));
  // The certificate last: its presence says that the authority is complete.
  writeFileAtomic(keyFile, await exportKey(keys.privateKey), 0o600);
  writeFileAtomic(caFile, certificate.toString(), 0o644);
  return { certificate, keys };
}

async function issue(authority: Authority, names: string[], now: Date) {
  const keys = await newKeys();
  const made = await x509.X509CertificateGenerator.create(
    {
      subject: 'CN=Tombolo',
      issuer: new x509.X509Certificate(authority.certificate.raw).subject,
      notBefore: daysFrom(now, -1),
      notAfter: daysFrom(now, SERVER_DAYS - 1),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: authority.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
        await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey, false, webcrypto),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const certificate = new X509Certificate(Buffer.from(made.rawData)).toString();
  return { certificate, key: await exportKey(keys.privateKey) };
}

function isGood(
  certFile: string,
  keyFile: string,
  wanted: { ca: X509Certificate; names: string[]; now: Date },
): boolean {
  if (!existsSync(certFile) || !existsSync(keyFile)) return false;
  const certificate = new X509Certificate(readFileSync(certFile));
  return (
    certificate.verify(wanted.ca.publicKey) &&
    certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile))) &&
    new Date(certificate.validTo) > daysFrom(wanted.now, RENEW_DAYS) &&
    wanted.names.every((name) => covers(certificate, name))
  );
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}

function parse<T>(flag: string, file: string, what: string, read: (pem: Buffer) => T): T {
  try {
    return read(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'may not be read' : `is not ${what} in PEM`;
    throw new StartFailure(`The file ${file} of ${flag} ${reason}: give one that is right.`, 1, { cause: error });
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

function importKey(pem: Buffer): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
}

function sha256(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

function daysFrom(time: Date, days: number): Date {
  return new Date(time.getTime() + days * DAY);
}

/** PEM of the authority that signed it, where that is our own. */
export function authorityOf(certificate: ServerCertificate | undefined): string | null {
  return certificate?.caFile ? readFileSync(certificate.caFile, 'utf8') : null;
}
