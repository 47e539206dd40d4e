import { InvalidArgumentError } from 'commander';
import { canonicalAddress, readAddress } from '#ipam/address.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { isRefusal } from '#contracts/errors.js';

/** A named thing of a network, as `NETWORK/NAME` on the command line. */
export interface Target {
  network: string;
  name: string;
}

export interface Socket {
  address: string;
  port: number;
}

/** `NETWORK/NAME` as the commands take it. */
export function networkAndName(value: string): Target {
  const [network, name, ...rest] = value.split('/');
  if (!network || !name || rest.length > 0)
    throw new InvalidArgumentError('give NETWORK/NAME, for instance office/web-1');
  return { network, name };
}

/** `90s`, `15m`, `24h`, `7d` → seconds. */
export function duration(value: string): number {
  const match = /^(\d+)(s|m|h|d)$/.exec(value);
  if (!match) throw new InvalidArgumentError('give a number and s, m, h or d, for instance 24h');
  return Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86400 }[match[2] as 's' | 'm' | 'h' | 'd'];
}

export function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('give a whole number');
  return Number(value);
}

/** Collects repeated `k=v`. */
export function label(value: string, before: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('give KEY=VALUE');
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

/** Collects a repeated option. */
export const each = (value: string, before: string[] = []): string[] => [...before, value];

/** Repeated ranges; `none` empties the list. */
export const rangesOf = (values: string[]): string[] => values.filter((value) => value !== 'none');

/** `10.43.0.10:443`, `[fd00::10]:443`. */
export function socket(value: string): Socket {
  try {
    return parseEndpoint(value);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new InvalidArgumentError('give ADDRESS:PORT or [ADDRESS]:PORT, for instance 10.43.0.10:443');
  }
}

/** As {@link socket}, and `:443` leaves the choice of the address to the server. */
export function meshSocket(value: string): Partial<Socket> & { port: number } {
  const port = Number(/^:([1-9]\d{0,4})$/.exec(value)?.[1]);
  return port <= 65535 ? { port } : socket(value);
}

/** What a gateway's members try: an address (ICMP echo), or an address and a TCP port. */
export function probeTarget(value: string): { address: string; port?: number } | 'none' {
  if (value === 'none') return value;
  return readAddress(value) ? { address: canonicalAddress(value) } : socket(value);
}

/** A path segment of the API. */
export const segment = encodeURIComponent;

export const textOf = ({ network, name }: Target) => `${network}/${name}`;

/** Where the API has it, for instance in the collection `nodes`. */
export const pathOf = (collection: string, { network, name }: Target) =>
  `/networks/${segment(network)}/${collection}/${segment(name)}`;
