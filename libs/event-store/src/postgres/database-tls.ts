import { readFileSync } from 'node:fs';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls';

type Tls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'checkServerIdentity'>;

/** What pg and TypeORM take. */
export interface DatabaseConnection {
  url: string;
  ssl?: Tls;
}

const FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const;

/**
 * Where and how a database is reached. With `sslmode=verify-full` its certificate must be signed by the authority in the file
 * `sslrootcert` (or by one that Node knows) and name the host of the URL; pg alone would check an address against `localhost`.
 * Any other `sslmode` means what pg makes of it.
 * @throws Error that names a file that cannot be read
 */
export function databaseConnection(text: string): DatabaseConnection {
  const url = new URL(text);
  const parameters = url.searchParams;
  if (parameters.get('sslmode') !== 'verify-full') return { url: text };
  const ssl: Tls = { rejectUnauthorized: true };
  for (const [parameter, option] of Object.entries(FILES)) {
    const file = parameters.get(parameter);
    if (file) ssl[option] = readPem(file, parameter);
    parameters.delete(parameter);
  }
  parameters.delete('sslmode');
  const host = parameters.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  ssl.checkServerIdentity = (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate);
  return { url: url.href, ssl };
}

function readPem(file: string, parameter: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${file} (${parameter} of the database): ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
