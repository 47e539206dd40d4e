import { createServer, type AddressInfo } from 'node:net';
import { StartFailure } from './failure.js';

export interface Address {
  host: string;
  /** 0 asks for a free one. */
  port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Addresses that never leave the machine: only there may anything speak without TLS. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * The port to use: the wanted one if nothing listens there, a free one for 0. `option` names the flag to change.
 * Another process may still take it before it is used.
 */
export async function claimPort(address: Address, option: string): Promise<number> {
  try {
    return await (address.port === 0 ? listenSomewhere(address.host) : listenOnce(address));
  } catch (error) {
    const where = formatAddress(address);
    const sentences: Record<string, string> = {
      EADDRINUSE: `Port ${address.port} on ${address.host} is in use: stop what listens there, or choose another port with ${option} (0 takes a free one).`,
      EADDRNOTAVAIL: `This machine has no address ${address.host}: choose one of its own with ${option}.`,
      EACCES: `You have no right to listen on ${where}: choose a port above 1023 with ${option}.`,
    };
    const sentence = sentences[(error as NodeJS.ErrnoException).code ?? ''];
    throw new StartFailure(sentence ?? `Cannot listen on ${where}: ${(error as Error).message}.`, 1, { cause: error });
  }
}

/** Free ports of loopback, no two the same and none of `not`; another process may still take one before it is used. */
export async function freePorts(count: number, option: string, not: readonly number[] = []): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = await claimPort({ host: '127.0.0.1', port: 0 }, option);
    if (!not.includes(port)) ports.add(port);
  }
  return [...ports];
}

/**
 * Starts what listens at so many ports in a row, where they are free, and again elsewhere when somebody else took one of them
 * meanwhile. `option` names the flag to change.
 */
export async function startAtFreeRun<T>(
  { host, count, option }: { host: string; count: number; option: string },
  start: (first: number) => Promise<T>,
): Promise<T> {
  for (let run = 1; ; run++) {
    const first = await claimRun(host, count, option);
    try {
      return await start(first);
    } catch (error) {
      if (run === RUNS || (await areFree({ host, port: first }, count))) throw error;
    }
  }
}

const RUNS = 3;

/** The first of so many free ports in a row. */
async function claimRun(host: string, count: number, option: string): Promise<number> {
  for (let n = 0; n < TRIES; n++) {
    const first = quietPort(count);
    if (await areFree({ host, port: first }, count)) return first;
  }
  throw new StartFailure(`No ${count} ports in a row are free on ${host}: name the first with ${option}.`);
}

/** Whether nobody listens at a port or at those that follow. */
async function areFree({ host, port }: Address, count: number): Promise<boolean> {
  for (let i = 0; i < count; i++) if ((await listenIfFree({ host, port: port + i })) === undefined) return false;
  return true;
}

/**
 * Below what Linux gives to outgoing connections (net.ipv4.ip_local_port_range: 32768 to 60999), one of which could hold
 * the port when it is wanted again after a restart.
 */
const QUIET_PORTS = { from: 20_000, count: 12_000 };
const TRIES = 20;

async function listenSomewhere(host: string): Promise<number> {
  for (let n = 0; n < TRIES; n++) {
    const free = await listenIfFree({ host, port: quietPort(1) });
    if (free !== undefined) return free;
  }
  return listenOnce({ host, port: 0 });
}

let nextQuiet = Math.floor(Math.random() * QUIET_PORTS.count);

/**
 * The first of so many in a row. One after the other from somewhere on: what this process was given before is not given again,
 * though nobody listens there yet, and what others that start meanwhile are given is most likely elsewhere.
 */
function quietPort(count: number): number {
  const first = nextQuiet + count > QUIET_PORTS.count ? 0 : nextQuiet;
  nextQuiet = first + count;
  return QUIET_PORTS.from + first;
}

/** @returns undefined when somebody listens there */
async function listenIfFree(address: Address): Promise<number | undefined> {
  return listenOnce(address).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return undefined;
  });
}

function listenOnce({ host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const taken = (server.address() as AddressInfo).port;
      server.close(() => resolve(taken));
    });
  });
}
