import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The server's certificate first, then its chain. */
  certFile: string;
  keyFile: string;
}

export interface Certificate {
  cert: string;
  key: string;
}

export interface FollowOptions {
  files: CertificateFiles;
  /** Serves already, with what the files held. */
  server: Pick<Server, 'setSecureContext'>;
  /** Milliseconds between two looks (default 10,000). */
  everyMs?: number;
  /** Called after another certificate is served. */
  onChange?(): void;
  logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const EVERY_MS = 10_000;

/** @throws Error that names the file */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/**
 * Serves what the files hold from a moment after they change on; connections that there are go on. A pair that is no
 * pair, because it is just being written or is wrong, is never served: the one before stays, and that is told once.
 * @returns what ends it
 */
export function followCertificate({ files, server, everyMs = EVERY_MS, onChange, logger }: FollowOptions): () => void {
  let served = textOf(files);
  let seen = served;
  const timer = setInterval(() => {
    const text = textOf(files);
    // Read alike twice: nobody is in the middle of writing it.
    const isSettled = text === seen;
    const isNew = text !== served;
    seen = text;
    if (!isNew || !isSettled) return;
    served = text;
    try {
      const certificate = readCertificate(files);
      createSecureContext(certificate);
      server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
      logger.info({ file: files.certFile }, 'certificate changed, new connections get it');
      onChange?.();
    } catch (error) {
      logger.warn(
        { why: (error as Error).message, file: files.certFile },
        'certificate not fit to serve, the one before stays',
      );
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** A file that is away is as one that is empty. */
function textOf(files: CertificateFiles): string {
  try {
    const { cert, key } = readCertificate(files);
    return `${cert}\0${key}`;
  } catch {
    return '';
  }
}
