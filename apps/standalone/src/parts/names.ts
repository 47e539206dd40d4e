import { networkInterfaces } from 'node:os';
import { type UpOptions } from './options.js';
import { type Address, formatAddress, isLoopback } from './ports.js';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** Whether what we start must speak TLS: always, but for addresses that never leave the machine. */
export function needsTls({ http, nats, tls }: UpOptions): boolean {
  return !!tls || !isLoopback(http.host) || (nats.kind === 'embedded' && !isLoopback(nats.listen.host));
}

/** Base URL of the HTTP API for people and agents; `http` with its real port. */
export function publicUrl(options: UpOptions, http: Address, interfaces = networkInterfaces()): string {
  if (options.publicUrl) return options.publicUrl;
  const host = isWildcard(http.host) ? firstGlobal(http.host, interfaces) : http.host;
  return `${needsTls(options) ? 'https' : 'http'}://${formatAddress({ ...http, host })}`;
}

/** Where agents reach our own NATS listening on `listen`; `publicHttp` names the machine when it listens everywhere. */
export function publicNatsUrl(options: UpOptions, listen: Address, publicHttp: string): string {
  const host = isWildcard(listen.host) ? new URL(publicHttp).hostname.replace(/^\[|\]$/g, '') : listen.host;
  return `${needsTls(options) ? 'tls' : 'nats'}://${formatAddress({ ...listen, host })}`;
}

/** Where processes on this machine reach what listens on `listen`. */
export function localAddress(listen: Address): Address {
  if (listen.host === '0.0.0.0') return { ...listen, host: '127.0.0.1' };
  return listen.host === '::' ? { ...listen, host: '::1' } : listen;
}

/** Every address and name our certificate must hold. Sorted, each once. */
export function certificateNames(options: UpOptions, interfaces = networkInterfaces()): string[] {
  const names = new Set(['localhost', '127.0.0.1', '::1']);
  if (options.publicUrl) names.add(new URL(options.publicUrl).hostname.replace(/^\[|\]$/g, ''));
  const hosts = [options.http.host, ...(options.nats.kind === 'embedded' ? [options.nats.listen.host] : [])];
  for (const host of hosts) {
    if (!isWildcard(host)) names.add(host);
    else for (const { address } of global(interfaces)) names.add(address);
  }
  return [...names].sort();
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The machine's first address that others can use; loopback when it has none. IPv4 first: more nodes have it. */
function firstGlobal(wildcard: string, interfaces: Interfaces): string {
  const addresses = global(interfaces);
  const v4 = addresses.find(({ family }) => family === 'IPv4')?.address;
  const v6 = wildcard === '::' ? addresses.find(({ family }) => family === 'IPv6')?.address : undefined;
  return v4 ?? v6 ?? (wildcard === '::' ? '::1' : '127.0.0.1');
}

function global(interfaces: Interfaces) {
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address));
}
