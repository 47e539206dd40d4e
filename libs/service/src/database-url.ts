import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from './loopback.js';

const ALLOW = 'TOMBOLO_DATABASE_ALLOW_UNVERIFIED';

/**
 * TOMBOLO_DATABASE_URL with everything that its connection needs: to another machine always TLS with a certificate that is
 * checked, against the authority in TOMBOLO_DATABASE_CA if there is one.
 * @throws Error that says what to do; the URL is not repeated, it may hold a password
 */
export function databaseUrl(env: NodeJS.ProcessEnv): string {
  const text = env.TOMBOLO_DATABASE_URL ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    throw new Error('TOMBOLO_DATABASE_URL takes a URL that begins with postgres:// or postgresql://');
  const allowed = env[ALLOW] === 'yes';
  if (env[ALLOW] && !allowed) throw new Error(`${ALLOW} is neither empty nor yes`);
  const ca = env.TOMBOLO_DATABASE_CA ? readable(resolve(env.TOMBOLO_DATABASE_CA)) : undefined;
  // As pg reads it: a host in the query goes before the one in the authority, and a path is a socket of this machine.
  const host = url.searchParams.get('host') || url.hostname.replace(/^\[|\]$/g, '') || env.PGHOST || 'localhost';
  const isHere = isLoopback(host) || host.startsWith('/');
  const mode = url.searchParams.get('sslmode');
  const isVerified = mode === 'verify-full';
  if (mode !== null && !isVerified && !isHere && !allowed)
    throw new Error(
      `TOMBOLO_DATABASE_URL leads to ${host}, another machine, and sslmode=${mode} does not prove that it is the right one: ` +
        `leave sslmode out or say verify-full, with TOMBOLO_DATABASE_CA where no public authority signed its certificate; ` +
        `${ALLOW}=yes lets the connection be as the URL says`,
    );
  if (isVerified || (mode === null && (ca !== undefined || !(isHere || allowed)))) {
    url.searchParams.set('sslmode', 'verify-full');
    if (ca !== undefined) url.searchParams.set('sslrootcert', ca);
    // pg takes it from the environment only where the URL names none.
    if (!url.hostname && !url.searchParams.has('host')) url.searchParams.set('host', host);
    return url.href;
  }
  return text;
}

function readable(file: string): string {
  try {
    accessSync(file, constants.R_OK);
    return file;
  } catch (error) {
    throw new Error(`cannot read ${file} of TOMBOLO_DATABASE_CA: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
