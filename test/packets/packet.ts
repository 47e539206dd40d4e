import { type Address, BITS, formatAddress, parseAddress } from '#ipam/address.js';
import { parsePrefix, type Prefix } from '#ipam/prefix.js';

/** What travels: enough of a TCP or UDP packet to translate it. Addresses as text, canonical. */
export interface Packet {
  source: string;
  sourcePort: number;
  destination: string;
  port: number;
}

export const reversed = ({ source, sourcePort, destination, port }: Packet): Packet => ({
  source: destination,
  sourcePort: port,
  destination: source,
  port: sourcePort,
});

export const textOf = ({ source, sourcePort, destination, port }: Packet): string =>
  `${source} ${sourcePort} > ${destination} ${port}`;

export const isIn = (address: string, ranges: readonly string[]): boolean =>
  ranges.some((range) => {
    const { family, first, last } = spanOf(range);
    const one = addressOf(address);
    return one.family === family && one.value >= first && one.value <= last;
  });

/** The longest of the ranges that hold an address. */
export function longest<Entry extends { range: string }>(
  address: string,
  entries: readonly Entry[],
): Entry | undefined {
  let best: Entry | undefined;
  for (const entry of entries) {
    if (best && prefixOf(entry.range).length <= prefixOf(best.range).length) continue;
    if (isIn(address, [entry.range])) best = entry;
  }
  return best;
}

/** The same host in another range of the same length. */
export function moved(address: string, from: string, to: string): string {
  const { family, value } = addressOf(address);
  return formatAddress({ family, value: value - prefixOf(from).base + prefixOf(to).base });
}

export const nth = (range: string, n: number): string => {
  const { family, base } = prefixOf(range);
  return formatAddress({ family, value: base + BigInt(n) });
};

export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

interface Span {
  family: 4 | 6;
  first: bigint;
  last: bigint;
}

function parseSpan(text: string): Span {
  const { family, base, length } = parsePrefix(text);
  return { family, first: base, last: base + (1n << BigInt(BITS[family] - length)) - 1n };
}

const spans = new Map<string, Span>();
const addresses = new Map<string, Address>();
const prefixes = new Map<string, Prefix>();

export const addressOf = (text: string): Address => remembered(addresses, text, parseAddress);
export const prefixOf = (text: string): Prefix => remembered(prefixes, text, parsePrefix);
const spanOf = (text: string): Span => remembered(spans, text, parseSpan);

function remembered<Value>(known: Map<string, Value>, text: string, parse: (text: string) => Value): Value {
  let value = known.get(text);
  if (!value) known.set(text, (value = parse(text)));
  return value;
}
