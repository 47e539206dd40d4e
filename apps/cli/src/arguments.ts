import { InvalidArgumentError } from 'commander';

/** `NETWORK/NAME` as the commands take it. */
export function networkAndName(value: string): { network: string; name: string } {
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

/** A path segment of the API. */
export const segment = encodeURIComponent;
