import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CommandFailed, EXIT } from '../exit-codes.js';

export interface ServerAddress {
  /** Base URL of the HTTP API, without a trailing slash. */
  url: string;
  token: string;
  /** PEM of the authority that signed the server's certificate. */
  ca?: string;
}

export interface GlobalOptions {
  server?: string;
  token?: string;
  ca?: string;
  output?: string;
  yes?: boolean;
}

/**
 * Where the server is: options, then `TOMBOLO_SERVER`, `TOMBOLO_TOKEN`, `TOMBOLO_CA`, then the file `.tombolo/ready.json` that
 * `npm run up` wrote here or in a folder above.
 */
export function serverAddress(options: GlobalOptions, env: NodeJS.ProcessEnv, folder: string): ServerAddress {
  const ready = findReady(env.TOMBOLO_DATA ? resolve(folder, env.TOMBOLO_DATA) : undefined, folder);
  const url = options.server ?? env.TOMBOLO_SERVER ?? ready?.http;
  if (!url) {
    throw new CommandFailed(
      EXIT.usage,
      'no server: start one here with `npm run up`, or give --server URL or TOMBOLO_SERVER',
    );
  }
  const token = options.token ?? env.TOMBOLO_TOKEN ?? readIfThere(ready?.adminTokenFile)?.trim();
  if (!token) throw new CommandFailed(EXIT.usage, 'no token: give --token or TOMBOLO_TOKEN');
  const caFile = options.ca ?? env.TOMBOLO_CA ?? ready?.caFile;
  return { url: withScheme(url).replace(/\/+$/, ''), token, ca: caFile ? readCa(caFile) : undefined };
}

interface Ready {
  http: string;
  adminTokenFile?: string;
  caFile?: string;
}

function findReady(given: string | undefined, folder: string): Ready | undefined {
  if (given) return parseReady(join(given, 'ready.json'));
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, '.tombolo', 'ready.json');
    if (existsSync(file)) return parseReady(file);
    if (dirname(at) === at) return undefined;
  }
}

function parseReady(file: string): Ready | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  try {
    const ready = JSON.parse(text) as Ready;
    return typeof ready.http === 'string' ? ready : undefined;
  } catch {
    throw new CommandFailed(
      EXIT.failed,
      `${file} is not readable as JSON; start the control plane again or give --server`,
    );
  }
}

function readIfThere(file: string | undefined): string | undefined {
  if (!file || !existsSync(file)) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(EXIT.failed, `cannot read ${file}: ${(error as Error).message}`);
  }
}

function readCa(file: string): string {
  const text = readIfThere(file);
  if (text === undefined) throw new CommandFailed(EXIT.usage, `--ca: no such file: ${file}`);
  return text;
}

const withScheme = (url: string) => (/^https?:\/\//.test(url) ? url : `http://${url}`);
