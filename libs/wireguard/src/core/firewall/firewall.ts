import { sha256Hex } from '#contracts/canonical.js';
import type {
  FilterResource,
  InterfaceResource,
  NatResource,
  Resource,
  TransitResource,
} from '#contracts/node-stream.js';
import { formatPrefix, overlaps, parsePrefix } from '#ipam/prefix.js';
import { translate } from '#ipam/translate.js';

export type Masquerade = Extract<NatResource, { kind: 'masquerade' }>;
export type PrefixTranslation = Extract<NatResource, { kind: 'prefix' }>;
export type Publication = Extract<NatResource, { kind: 'publish' }> & {
  /** What its connections are remembered by; from 1 to 0x3fff, no two alike on one node. */
  mark: number;
};

/** What our one nftables table does; all lists sorted by name. */
export interface Firewall {
  interfaceName: string;
  /** Host addresses of the node in the mesh, with prefix length. */
  addresses: readonly string[];
  /** The node forwards: clamp, and let what the node itself sends leave with a mesh address. */
  forward: boolean;
  /** All the node's traffic goes through the tunnel: remember which connections do not. */
  internet: boolean;
  masquerades: readonly Masquerade[];
  prefixes: readonly PrefixTranslation[];
  publications: readonly Publication[];
  /** In terms of real addresses: what crosses the node is translated at the tunnel's mouth only. */
  filters: readonly FilterResource[];
  /** What is left as it is, and marked: it goes back into the tunnel. */
  transits: readonly TransitResource[];
}

/** @returns null when a set needs no table */
export function desiredFirewall(
  resources: readonly Resource[],
  own: InterfaceResource,
  { interfaceName, ipv6 }: { interfaceName: string; ipv6: boolean },
): Firewall | null {
  const nats = resources.filter(isNat).sort(byName);
  const prefixes = nats.filter((nat) => nat.kind === 'prefix');
  const firewall = {
    interfaceName,
    addresses: own.addresses.filter((address) => ipv6 || !address.includes(':')).sort(),
    forward: own.forward === true,
    internet: resources.some((resource) => resource.name === 'internet' && !('sources' in resource)),
    masquerades: nats.filter((nat) => nat.kind === 'masquerade'),
    prefixes,
    publications: withMarks(nats.filter((nat) => nat.kind === 'publish')),
    filters: resources
      .filter(isFilter)
      .sort(byName)
      .map((filter) => ({
        ...filter,
        sources: inRealAddresses(filter.sources, prefixes),
        destinations: inRealAddresses(filter.destinations, prefixes),
      })),
    transits: resources.filter((resource) => resource.name.startsWith('transit/')).sort(byName) as TransitResource[],
  };
  const { forward, internet, filters } = firewall;
  return forward || internet || nats.length > 0 || filters.length > 0 ? firewall : null;
}

/** The table of one interface; names of interfaces are good names in nftables. */
export const tableName = (interfaceName: string) => `tombolo_${interfaceName}`;

/** Counts what a filter drops. */
export const counterName = (filter: string) => `drop_${sha256Hex(filter).slice(0, 12)}`;
/** Counts what no filter accepts. */
export const UNMATCHED = 'unmatched';

export const isNat = (resource: Resource): resource is NatResource => resource.name.startsWith('nat/');
export const isFilter = (resource: Resource): resource is FilterResource => resource.name.startsWith('filter/');

/**
 * Behind the tunnel's mouth there are no virtual addresses of this node's: a rule that names them means the real ones. Only what comes
 * by for others keeps them.
 */
function inRealAddresses(named: readonly string[], translations: readonly PrefixTranslation[]): string[] {
  return named.flatMap((text) => {
    const prefix = parsePrefix(text);
    const touched = translations
      .map((each) => ({ virtual: parsePrefix(each.virtual), real: parsePrefix(each.real) }))
      .filter(({ virtual }) => overlaps(virtual, prefix));
    const within = touched.find(({ virtual }) => virtual.length <= prefix.length);
    if (!within) return [text, ...touched.map(({ real }) => formatPrefix(real))];
    const first = translate({ family: prefix.family, value: prefix.base }, within.virtual, within.real);
    return [text, formatPrefix({ family: first.family, base: first.value, length: prefix.length })];
  });
}

/**
 * Marks outlive a replaced table in live connections, so they follow from what is published, not from the order. Within
 * 14 bits: kube-proxy uses bits 14 and 15, Calico and others the upper half.
 */
function withMarks(publications: readonly Omit<Publication, 'mark'>[]): Publication[] {
  const taken = new Set<number>([OUTSIDE_MARK, THROUGH_MARK]);
  return publications.map((each) => {
    const text = `${each.protocol} ${each.mesh.address} ${each.mesh.port}`;
    let mark = (parseInt(sha256Hex(text).slice(0, 8), 16) % 0x3fff) + 1;
    while (taken.has(mark)) mark = (mark % 0x3fff) + 1;
    taken.add(mark);
    return { ...each, mark } as Publication;
  });
}

/** On the tunnel's own packets, and on connections that stay outside a full tunnel. */
export const OUTSIDE_MARK = 0x74;

/** On what comes out of the tunnel and goes back into it, whatever routes there are. */
export const THROUGH_MARK = 0x75;

const byName = (a: Resource, b: Resource) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
