import type { Endpoint } from '#contracts/facts.js';
import { isId } from '#contracts/names.js';
import type { ObservedLink, ObservedReport } from '#contracts/reports.js';
import { canonicalAddress } from '#ipam/address.js';
import { formatEndpoint, parseEndpoint } from '#ipam/endpoint-text.js';

const MOST = { endpoints: 16, peers: 500, forwarded: 200 } as const;
/** A round trip that takes longer than this was none. */
const LONGEST_RTT_MS = 60_000;
const LONGEST_RUN = 64;

/** @throws Error that names what is wrong */
export function readObserved(fields: Record<string, unknown>): ObservedReport {
  const { run } = fields;
  if (run !== undefined && !(typeof run === 'string' && run.length <= LONGEST_RUN)) throw new Error('run is no text');
  return {
    ...(run !== undefined && { run }),
    endpoints: list(fields, 'endpoints', endpoint),
    peers: list(fields, 'peers', link),
    forwarded: list(fields, 'forwarded', pair),
  };
}

function list<T>(fields: Record<string, unknown>, name: keyof typeof MOST, read: (item: unknown) => T): T[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > MOST[name])
    throw new Error(`${name} is not a list of up to ${MOST[name]}`);
  return value.map((item: unknown) => {
    try {
      return read(item);
    } catch {
      throw new Error(`${name} holds something else`);
    }
  });
}

function endpoint(item: unknown): Endpoint {
  const { address, port, kind } = Object(item) as Record<string, unknown>;
  if (kind !== 'public' && kind !== 'lan') throw new Error();
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) throw new Error();
  return { address: canonicalAddress(String(address)), port, kind };
}

function link(item: unknown): ObservedLink {
  const { nodeId, endpoint: at, link: state, rtt, handshakeAge: age } = Object(item) as Record<string, unknown>;
  if (!isId(nodeId) || (state !== 'up' && state !== 'unanswered')) throw new Error();
  if (rtt !== null && !(typeof rtt === 'number' && rtt >= 0 && rtt <= LONGEST_RTT_MS)) throw new Error();
  if (age !== undefined && age !== null && !(Number.isSafeInteger(age) && (age as number) >= 0)) throw new Error();
  const known = { nodeId, endpoint: at === null ? null : canonicalEndpoint(String(at)), link: state, rtt } as const;
  return age === undefined ? known : { ...known, handshakeAge: age as number | null };
}

function canonicalEndpoint(text: string): string {
  const { address, port } = parseEndpoint(text);
  return formatEndpoint(address, port);
}

function pair(item: unknown): [string, string] {
  const [a, b] = Array.isArray(item) ? (item as unknown[]) : [];
  if (!isId(a) || !isId(b)) throw new Error();
  return [a, b];
}
