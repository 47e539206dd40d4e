import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { databaseUrl } from '#service/database-url.js';
import { trustedProxies } from '#service/trusted-proxies.js';
import { StartFailure } from './failure.js';
import { type Address } from './ports.js';

/** Odd, so that a majority is left when one is away. */
export type BrokerCount = 1 | 3 | 5;

export interface UpOptions {
  data: string;
  http: Address;
  /** Our own brokers, the first of them at `listen` and the others at the ports that follow, or brokers elsewhere. */
  nats:
    | { kind: 'embedded'; listen: Address; nodes: BrokerCount }
    | { kind: 'external'; urls: string[]; trustFile: string; caFile?: string };
  /** Our own database's port on loopback (0: a free one), or a database elsewhere. */
  database: { kind: 'embedded'; port: number } | { kind: 'external'; url: string };
  /** Certificate and key of the operator's own; without them we make some when TLS is needed. */
  tls?: { certFile: string; keyFile: string };
  /** What enrolment tokens name; without it derived from `http`. No slash at the end. */
  publicUrl?: string;
  /** Proxies before the API whose word on the client's address is taken. */
  proxies: number;
  /** 1: all services in one process; more: each service that many times, as processes of their own. */
  replicas: number;
}

export const USAGE = `npm run up -- [options]

Starts a complete control plane on this machine: PostgreSQL, NATS JetStream, all services, the dashboard.
Ctrl-C stops all of it; the data stays.

  --data DIR            where everything is kept (default .tombolo)
  --http ADDR:PORT      HTTP API and dashboard (default 127.0.0.1:8080)
  --nats ADDR:PORT      NATS, to which agents connect (default 127.0.0.1:4222)
  --nats-nodes N        1, 3 or 5 NATS servers as a cluster that keeps every message N times (default 1), the others at
                        the ports after the first one's
  --replicas N          run every service N times, as processes of their own that share --http (default 1: all in one)
  --postgres-port PORT  PostgreSQL's port on 127.0.0.1 (default 0)
  --tls-cert FILE       certificate (PEM, with its chain) instead of one made by our own authority
  --tls-key FILE        its private key
  --public-url URL      what enrolment tokens name, when agents do not see --http as it is
  --help

Port 0 takes a free one; DIR/ready.json tells which. On any address but loopback everything speaks TLS.

  TOMBOLO_DATABASE_URL  use this PostgreSQL instead of starting one
  TOMBOLO_DATABASE_CA   the authority (PEM) of its certificate, if no public one signed it; to another machine the
                        connection is always TLS and checked, unless TOMBOLO_DATABASE_ALLOW_UNVERIFIED=yes
  TOMBOLO_NATS_URL      use this NATS instead of starting one (several, separated by commas, for a cluster), with
  TOMBOLO_NATS_TRUST    the file that holds its operator's and accounts' keys, and
  TOMBOLO_NATS_CA       the authority (PEM) of its certificate, if no public one signed it
  TOMBOLO_TRUST_PROXY   how many proxies before --http add to X-Forwarded-For (default 0: it is ignored)
  TOMBOLO_NATS_SERVER   the nats-server to start instead of PATH's or Debian's
`;

const defaults = { data: '.tombolo', http: '127.0.0.1:8080', nats: '127.0.0.1:4222' };

/** Reads the flags of `up`; `'help'` when that was asked for. Relative paths are the working directory's. */
export function parseUpOptions(args: string[], env: NodeJS.ProcessEnv): UpOptions | 'help' {
  const values = readFlags(args);
  if (values.help) return 'help';
  return {
    data: resolve(values.data ?? defaults.data),
    http: address('--http', values.http ?? defaults.http),
    nats: nats(values.nats, values['nats-nodes'], env),
    database: database(values['postgres-port'], env),
    tls: tls(values['tls-cert'], values['tls-key']),
    publicUrl: values['public-url'] === undefined ? undefined : publicUrl(values['public-url']),
    proxies: proxies(env),
    replicas: replicas(values.replicas, env),
  };
}

function readFlags(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        data: text,
        http: text,
        nats: text,
        'nats-nodes': text,
        replicas: text,
        'postgres-port': text,
        'tls-cert': text,
        'tls-key': text,
        'public-url': text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0] as string, error);
  }
}

function nats(flag: string | undefined, nodes: string | undefined, env: NodeJS.ProcessEnv): UpOptions['nats'] {
  const url = env.TOMBOLO_NATS_URL;
  if (!url) return { kind: 'embedded', listen: address('--nats', flag ?? defaults.nats), nodes: brokers(nodes) };
  if (nodes !== undefined)
    throw usage('--nats-nodes is for our own NATS and TOMBOLO_NATS_URL for another one: give one of them');
  if (flag !== undefined)
    throw usage('--nats is for our own NATS and TOMBOLO_NATS_URL for another one: give one of them');
  const urls = url.split(',').map((part) => part.trim());
  for (const one of urls) requireUrl('TOMBOLO_NATS_URL', one, ['nats:', 'tls:']);
  if (!env.TOMBOLO_NATS_TRUST)
    throw usage("TOMBOLO_NATS_URL needs TOMBOLO_NATS_TRUST, the file with that NATS's operator and account keys");
  const caFile = env.TOMBOLO_NATS_CA ? resolve(env.TOMBOLO_NATS_CA) : undefined;
  return { kind: 'external', urls, trustFile: resolve(env.TOMBOLO_NATS_TRUST), caFile };
}

function brokers(text = '1'): BrokerCount {
  const count = ([1, 3, 5] as const).find((one) => String(one) === text);
  if (!count) throw usage(`--nats-nodes takes 1, 3 or 5, not ${text}`);
  return count;
}

const MOST_REPLICAS = 9;

function replicas(text = '1', env: NodeJS.ProcessEnv): number {
  const count = Number(text);
  if (!/^\d$/.test(text) || count < 1) throw usage(`--replicas takes a number from 1 to ${MOST_REPLICAS}, not ${text}`);
  if (count > 1 && env.TOMBOLO_NATS_URL)
    throw usage('--replicas is for our own NATS: with another one run the services by themselves (docs/operations.md)');
  return count;
}

function proxies(env: NodeJS.ProcessEnv): number {
  try {
    return trustedProxies(env);
  } catch (error) {
    throw usage((error as Error).message, error);
  }
}

function database(flag: string | undefined, env: NodeJS.ProcessEnv): UpOptions['database'] {
  const url = env.TOMBOLO_DATABASE_URL;
  if (!url) return { kind: 'embedded', port: flag === undefined ? 0 : port('--postgres-port', flag) };
  if (flag !== undefined)
    throw usage('--postgres-port is for our own PostgreSQL and TOMBOLO_DATABASE_URL for another one: give one of them');
  try {
    return { kind: 'external', url: databaseUrl(env) };
  } catch (error) {
    throw usage((error as Error).message, error);
  }
}

function tls(certFile: string | undefined, keyFile: string | undefined): UpOptions['tls'] {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw usage('--tls-cert and --tls-key belong together: give both');
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
}

function publicUrl(text: string): string {
  const url = requireUrl('--public-url', text, ['http:', 'https:']);
  if (url.pathname !== '/' || url.search || url.hash || url.username)
    throw usage(`--public-url takes scheme, host and port alone, for instance https://mesh.example.org, not ${text}`);
  return url.origin;
}

/** The value is not repeated: such a URL may hold a password. */
function requireUrl(name: string, text: string, schemes: string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && schemes.includes(url.protocol) && url.hostname) return url;
  throw usage(`${name} takes a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
}

function address(flag: string, text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  if (!match || (host !== 'localhost' && isIP(host) !== (match[1] ? 6 : 4)))
    throw usage(`${flag} takes ADDR:PORT, for instance 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080, not ${text}`);
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: port(flag, match[3] as string) };
}

function port(flag: string, text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw usage(`${flag} takes a port from 0 to 65535, not ${text}`);
  return number;
}

function usage(message: string, cause?: unknown): StartFailure {
  return new StartFailure(`${message} (npm run up -- --help lists the options).`, 2, { cause });
}
