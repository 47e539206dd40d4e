import { lookup } from 'node:dns/promises';
import type { Endpoint } from '#contracts/facts.js';
import { canonicalAddress, readAddress } from '#ipam/address.js';
import { addressKind } from '#ipam/address-kind.js';
import { runTool } from '#wireguard/linux/run-tool.js';
import { AgentFailure, messageOf } from '../failure.js';

/** What the registry takes of one node. */
const MAX_ENDPOINTS = 16;
/** Devices that are tunnels themselves: an endpoint in them would be a tunnel in a tunnel. */
const TUNNELS = new Set(['wireguard', 'tun', 'ipip', 'gre', 'sit', 'ip6tnl', 'vti', 'xfrm']);

interface AddressEntry {
  ifname?: string;
  flags?: string[];
  linkinfo?: { info_kind?: string };
  addr_info?: { local: string; scope: string; temporary?: boolean; deprecated?: boolean; tentative?: boolean }[];
}

/** Where this node can be called: what the operator says first, then its own addresses. */
export async function ownEndpoints(explicit: readonly string[], port: number): Promise<Endpoint[]> {
  const given: Endpoint[] = [];
  for (const text of explicit) given.push(await explicitEndpoint(text));
  const found = endpointsOf(JSON.parse(await runTool('ip', ['-json', '-details', 'address', 'show'])), port);
  const known = new Set(given.map((endpoint) => endpoint.address));
  return [...given, ...found.filter((endpoint) => !known.has(endpoint.address))].slice(0, MAX_ENDPOINTS);
}

/** From `ip -json -details address show`: global addresses that stay, public ones first, IPv4 first among them. */
export function endpointsOf(entries: AddressEntry[], port: number): Endpoint[] {
  return entries
    .filter((entry) => !TUNNELS.has(entry.linkinfo?.info_kind ?? '') && !entry.flags?.includes('LOOPBACK'))
    .flatMap((entry) => entry.addr_info ?? [])
    .filter((info) => info.scope === 'global' && !info.temporary && !info.deprecated && !info.tentative)
    .flatMap(({ local }) => endpointAt(local, port))
    .sort((a, b) => rank(a) - rank(b));
}

/** @throws AgentFailure `usage` for what is no endpoint, `failed` for a name that does not resolve */
export async function explicitEndpoint(text: string): Promise<Endpoint> {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65_535)
    throw new AgentFailure('usage', `--endpoint ${text}: write HOST:PORT or [ADDRESS]:PORT, port from 1 to 65535`);
  const address = readAddress(host) ? host : await resolve(host);
  return { address: canonicalAddress(address), port, kind: 'public' };
}

async function resolve(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const advice = 'give an address, or a name that resolves on this machine';
    throw new AgentFailure('failed', `--endpoint: ${host} does not resolve (${messageOf(error)}): ${advice}`, {
      cause: error,
    });
  }
}

function endpointAt(text: string, port: number): Endpoint[] {
  const address = readAddress(text);
  const kind = address && addressKind(address);
  if (kind === 'public') return [{ address: text, port, kind: 'public' }];
  return kind === 'private' ? [{ address: text, port, kind: 'lan' }] : [];
}

const rank = ({ kind, address }: Endpoint) => (kind === 'public' ? 0 : 2) + (address.includes(':') ? 1 : 0);
