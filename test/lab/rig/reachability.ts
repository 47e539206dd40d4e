import Table from 'cli-table3';
import { type Host } from './host.js';
import { waitFor } from './wait-for.js';

/** A machine as the others address it: IPv4, IPv6 or both. */
export interface Station {
  name: string;
  host: Host;
  addresses: string[];
}

export interface Reach {
  from: string;
  to: string;
  address: string;
  reached: boolean;
}

/** Pings every address of every other station from each, all at the same time. */
export async function reachability(stations: Station[]): Promise<Reach[]> {
  return Promise.all(pairs(stations).map(ping));
}

/** Waits until every pair pings on every address; pairs that did are not asked again. */
export async function waitForAllPairs(stations: Station[], timeout = 30_000): Promise<void> {
  let missing = pairs(stations);
  const silent = () => missing.map(({ from, to, address }) => `${from.name} → ${to.name} (${address})`).join(', ');
  const look = async () => {
    const asked = await Promise.all(missing.map(async (pair) => ({ pair, reached: (await ping(pair)).reached })));
    missing = asked.filter(({ reached }) => !reached).map(({ pair }) => pair);
    if (missing.length > 0) throw new Error(`no answer: ${silent()}`);
    return true;
  };
  await waitFor(look, { what: 'all pairs to ping', timeout });
}

/** One row per sender, one column per receiver. */
export function matrixTable(reaches: Reach[]): string {
  const names = [...new Set(reaches.map(({ from }) => from))];
  const table = new Table({ head: ['from \\ to', ...names], style: { head: [], border: [] } });
  for (const from of names)
    table.push([from, ...names.map((to) => cell(reaches.filter((reach) => reach.from === from && reach.to === to)))]);
  return table.toString();
}

interface Pair {
  from: Station;
  to: Station;
  address: string;
}

function pairs(stations: Station[]): Pair[] {
  return stations.flatMap((from) =>
    stations.filter((to) => to !== from).flatMap((to) => to.addresses.map((address) => ({ from, to, address }))),
  );
}

async function ping({ from, to, address }: Pair): Promise<Reach> {
  return { from: from.name, to: to.name, address, reached: await from.host.pings(address) };
}

function cell(reaches: Reach[]): string {
  return reaches
    .map(({ address, reached }) => `${address.includes(':') ? 'v6' : 'v4'} ${reached ? '✓' : '✗'}`)
    .join('  ');
}
