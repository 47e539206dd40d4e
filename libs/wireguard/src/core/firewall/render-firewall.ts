import { sha256Hex } from '#contracts/canonical.js';
import type { FilterResource } from '#contracts/node-stream.js';
import { BITS, formatAddress, type Family } from '#ipam/address.js';
import { parsePrefix } from '#ipam/prefix.js';
import type { Counters } from '../observed-device.js';
import { coveringPrefixes } from './covering-prefixes.js';
import {
  counterName,
  OUTSIDE_MARK,
  tableName,
  THROUGH_MARK,
  UNMATCHED,
  type Firewall,
  type PrefixTranslation,
  type Publication,
} from './firewall.js';

/**
 * The one nft transaction that replaces our table.
 * @param counters as they stand: counters of the same name go on from there
 */
export function renderFirewall(firewall: Firewall, counters: Counters = {}): string {
  const table = `table inet ${tableName(firewall.interfaceName)}`;
  const names = firewall.filters.length === 0 ? [] : [...dropCounters(firewall), UNMATCHED];
  const blocks = [...names.map((name) => counterBlock(name, counters)), ...chains(firewall)];
  return `${table}\ndelete ${table}\n${table} {\n${blocks.join('')}}\n`;
}

/** Tells two firewalls apart by content; counters do not count. */
export const firewallDigest = (firewall: Firewall) => sha256Hex(renderFirewall(firewall)).slice(0, 16);

const dropCounters = ({ filters }: Firewall) =>
  filters.filter(({ verdict }) => verdict === 'drop').map(({ name }) => counterName(name));

function counterBlock(name: string, counters: Counters): string {
  const { packets = 0, bytes = 0 } = counters[name] ?? {};
  return `  counter ${name} { packets ${packets} bytes ${bytes}\n  }\n`;
}

/**
 * Translation happens at the tunnel's mouth, around connection tracking: before it for what comes in, after it for what
 * goes out. So everything else on the machine (CNI, kube-proxy, our filter) sees real addresses only, and a service address
 * behind us can be translated once more by whoever owns it. The masquerade comes before those of others, which it replaces.
 */
function chains(firewall: Firewall): string[] {
  const { forward, internet, filters } = firewall;
  return [
    chain('mouth_in', 'filter hook prerouting priority raw - 10', mouthIn(firewall)),
    chain('remember', 'filter hook prerouting priority mangle', remember(firewall)),
    chain('answer', 'route hook output priority mangle', internet ? [`ct mark ${OUTSIDE} ${MARK_OUTSIDE}`] : []),
    chain('outer', 'filter hook postrouting priority mangle', internet ? outer(firewall) : []),
    chain('clamp', 'filter hook forward priority mangle', forward ? clamp(firewall) : []),
    chain('cross', 'filter hook forward priority filter', filters.length > 0 ? cross(firewall) : []),
    chain('local', 'filter hook input priority filter', locals(firewall).length > 0 ? arrive(firewall) : []),
    chain('masquerading', 'nat hook postrouting priority srcnat - 10', masquerade(firewall)),
    chain('mouth_out', 'filter hook postrouting priority srcnat + 200', mouthOut(firewall)),
  ];
}

function chain(name: string, hook: string, rules: readonly string[]): string {
  if (rules.length === 0) return '';
  return `  chain ${name} {\n    type ${hook}; policy accept;\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`;
}

const THROUGH = `0x${THROUGH_MARK.toString(16)}`;
const MARK_THROUGH = `meta mark set ${THROUGH}`;
const OUTSIDE = `0x${OUTSIDE_MARK.toString(16)}`;
const MARK_OUTSIDE = `meta mark set ${OUTSIDE}`;

/** What only comes by is marked before anything else is made of it: answers to what the machine translated are not that. */
function mouthIn({ interfaceName, prefixes, publications, transits }: Firewall): string[] {
  const from = `iifname "${interfaceName}"`;
  return [
    ...transits.flatMap(({ name, sources = EVERYTHING, except = [], destinations }) =>
      matches(sources, destinations, '').map((match) => {
        const others = ofFamily(except, match.includes('ipv6') ? 6 : 4);
        const ip = ipName(match.includes('ipv6') ? 6 : 4);
        const not = others.length > 0 ? ` ${ip} saddr != { ${others.join(', ')} }` : '';
        return `${from} ${match}${not} ${MARK_THROUGH} accept comment "${name}"`;
      }),
    ),
    ...publications.map(({ name, protocol, mesh, service, mark }) => {
      const ip = ipOf(mesh.address);
      const match = `${from} ${ip} daddr ${mesh.address} ${protocol} dport ${mesh.port}`;
      return `${match} meta mark set ${mark} ${ip} daddr set ${service.address} ${protocol} dport set ${service.port} accept comment "${name}"`;
    }),
    ...prefixes.map((each) => `${from} ${moved(each, 'daddr')}`),
  ];
}

function mouthOut({ interfaceName, prefixes, publications, transits }: Firewall): string[] {
  const to = `oifname "${interfaceName}"`;
  return [
    ...(transits.length > 0 ? [`iifname "${interfaceName}" ${to} meta mark ${THROUGH} accept`] : []),
    ...publications.map(({ name, protocol, mesh, mark }) => {
      const flow = `${to} ct mark ${mark} ct direction reply meta l4proto ${protocol}`;
      return `${flow} ${protocol} sport set ${mesh.port} ${ipOf(mesh.address)} saddr set ${mesh.address} accept comment "${name}"`;
    }),
    // Within a cluster, also through the tunnel, addresses are the real ones.
    ...prefixes.map((each) => `${to} ${elsewhere(each, prefixes)} ${moved(each, 'saddr')}`),
  ];
}

function elsewhere({ real }: PrefixTranslation, prefixes: readonly PrefixTranslation[]): string {
  const inside = ofFamily(
    prefixes.map((each) => each.real),
    real.includes(':') ? 6 : 4,
  );
  return `${ipOf(real)} daddr != { ${inside.join(', ')} }`;
}

/** The host bits stay, the prefix changes: in the packet, with its checksums, without memory. */
function moved({ name, real, virtual }: PrefixTranslation, field: 'saddr' | 'daddr'): string {
  const [from, to] = field === 'daddr' ? [virtual, real] : [real, virtual];
  const { family, base, length } = parsePrefix(to);
  const ip = ipOf(to);
  const mask = formatAddress({ family, value: (1n << BigInt(BITS[family] - length)) - 1n });
  const target = formatAddress({ family, value: base });
  const value = length === BITS[family] ? target : `${ip} ${field} & ${mask} | ${target}`;
  return `${ip} ${field} ${from} ${ip} ${field} set ${value} comment "${name}"`;
}

/**
 * A published connection is known by its mark from its first packet on. With all traffic in the tunnel: what others began
 * with this machine is answered the way it came, and the tunnel's own packets pass a strict reverse path filter.
 */
function remember({ interfaceName, internet, publications }: Firewall): string[] {
  const flows = publications.map(({ mark, name }: Publication) => {
    return `iifname "${interfaceName}" meta mark ${mark} ct mark set ${mark} meta mark set 0 comment "${name}"`;
  });
  if (!internet) return flows;
  return [
    ...flows,
    `iifname != { "${interfaceName}", "lo" } ct state new fib daddr type local ct mark set ${OUTSIDE}`,
    `iifname != "${interfaceName}" ct mark ${OUTSIDE} ${MARK_OUTSIDE}`,
  ];
}

const outer = ({ interfaceName }: Firewall) => [
  `oifname != "${interfaceName}" meta mark ${OUTSIDE} ct mark set ${OUTSIDE}`,
];

/** "rt mtu" is the lesser of the ways there and back. */
const clamp = ({ interfaceName }: Firewall) =>
  ['iifname', 'oifname'].map(
    (side) => `${side} "${interfaceName}" tcp flags syn / syn,rst tcp option maxseg size set rt mtu`,
  );

const cross = ({ interfaceName, filters, publications }: Firewall) => [
  `iifname != "${interfaceName}" oifname != "${interfaceName}" accept`,
  ...judge(interfaceName, filters, publications),
  `counter name ${UNMATCHED} drop`,
];

const locals = ({ filters }: Firewall) => filters.filter(({ local }) => local);

/** What is addressed to the node itself: sources that a local filter names are judged, everybody else is not looked at. */
function arrive(firewall: Firewall): string[] {
  const { interfaceName, publications } = firewall;
  const judged = locals(firewall).flatMap(({ sources }) => sources);
  return [
    `iifname != "${interfaceName}" accept`,
    ...judge(interfaceName, locals(firewall), publications),
    ...matches(judged, EVERYTHING, '').map((match) => `${match} counter name ${UNMATCHED} drop`),
  ];
}

function judge(interfaceName: string, filters: readonly FilterResource[], publications: readonly Publication[]) {
  const rules = (verdict: FilterResource['verdict']) =>
    filters.filter((each) => each.verdict === verdict).flatMap((each) => verdictRules(interfaceName, each));
  return [
    'ct state established,related accept',
    ...rules('drop'),
    ...publications.map(({ name, mark }) => `iifname "${interfaceName}" ct mark ${mark} accept comment "${name}"`),
    ...rules('accept'),
  ];
}

/** By the destination as it came: by now the owner of a service address may have put a pod's there. */
function verdictRules(interfaceName: string, filter: FilterResource): string[] {
  const { name, verdict, sources, destinations, service } = filter;
  const port = service ? ` meta l4proto ${service.protocol} ct original proto-dst ${service.port}` : '';
  const end = verdict === 'drop' ? `counter name ${counterName(name)} drop` : 'accept';
  return waysOf(filter, interfaceName).flatMap((way) =>
    matches(sources, destinations, 'ct original').map((match) => `${way}${match}${port} ${end} comment "${name}"`),
  );
}

/** As what a filter looks at: what goes through, what crosses the tunnel's edge in or out, or either. */
function waysOf({ way }: FilterResource, interfaceName: string): string[] {
  const name = `"${interfaceName}"`;
  if (!way) return [''];
  if (way === 'through') return [`iifname ${name} oifname ${name} `];
  return [`iifname ${name} oifname != ${name} `, `iifname != ${name} oifname ${name} `];
}

/** What the node itself sends into the mesh has a mesh address, whatever a program has bound itself to. */
function masquerade({ interfaceName, addresses, forward, masquerades, prefixes }: Firewall): string[] {
  const name = `"${interfaceName}"`;
  const across = [`iifname ${name} oifname != ${name}`, `iifname != ${name} oifname ${name}`];
  const told = masquerades.flatMap((each) =>
    matches(each.sources, each.destinations, '').flatMap((match) =>
      across.map((way) => `${way} ${match} masquerade comment "${each.name}"`),
    ),
  );
  const own = ([4, 6] as const).flatMap((family) => {
    const ours = ofFamily([...addresses, ...prefixes.map(({ real }) => real)], family);
    if (!addresses.some((address) => isOf(address, family))) return [];
    const ip = ipName(family);
    return [`oifname ${name} fib saddr type local ${ip} saddr != { ${ours.join(', ')} } masquerade`];
  });
  return [...told, ...(forward ? own : [])];
}

const EVERYTHING = ['0.0.0.0/0', '::/0'];

/** One match for each family in which both lists have something. */
function matches(sources: readonly string[], destinations: readonly string[], destinationOf: '' | 'ct original') {
  return ([4, 6] as const).flatMap((family) => {
    const from = ofFamily(sources, family);
    const to = ofFamily(destinations, family);
    if (from.length === 0 || to.length === 0) return [];
    const parts = [`meta nfproto ipv${family}`];
    const add = (what: string, list: string[]) => {
      if (!EVERYTHING.includes(list[0] ?? '')) parts.push(`${what} { ${list.join(', ')} }`);
    };
    add(`${ipName(family)} saddr`, from);
    add(`${destinationOf} ${ipName(family)} daddr`.trim(), to);
    return [parts.join(' ')];
  });
}

const isOf = (prefix: string, family: Family) => prefix.includes(':') === (family === 6);
const ofFamily = (prefixes: readonly string[], family: Family) =>
  coveringPrefixes(prefixes.filter((prefix) => isOf(prefix, family)));
const ipName = (family: Family) => (family === 4 ? 'ip' : 'ip6');
const ipOf = (text: string) => (text.includes(':') ? 'ip6' : 'ip');
