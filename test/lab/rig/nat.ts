import { type Host } from './host.js';
import { type Internet } from './internet.js';
import { link } from './link.js';
import { type Switch } from './switch.js';

/**
 * How a home or carrier router treats UDP (RFC 4787):
 * - `cone`: one outside port per inside port, for all destinations; only those written to may answer
 * - `fullcone`: the same, and anybody may write to that port
 * - `symmetric`: a fresh outside port per destination
 * - `noudp`: like `cone`, but no UDP gets through
 */
export type NatKind = 'cone' | 'fullcone' | 'symmetric' | 'noudp';

/** What lies inside a router. */
export interface Inside {
  host: Host;
  interface: string;
  /** First three numbers of a /24; the router has .1, the host .2. */
  subnet: string;
}

/** Puts a host behind another one, which has an interface `wan` and becomes its router. */
export async function attachBehind(router: Host, kind: NatKind, inside: Inside): Promise<void> {
  const { host, subnet } = inside;
  await link({ host: router, interface: 'lan' }, inside);
  await router.ip(`address add ${subnet}.1/24 dev lan`);
  await makeNatRouter(router, kind);
  await host.ip(`address add ${subnet}.2/24 dev ${inside.interface}`, `route add default via ${subnet}.1`);
}

/** Has a router of kind `cone` show another UDP port for the one machine behind it, as it may after a reboot. */
export async function showOtherPort(router: Host, port: number): Promise<void> {
  await router.nft(`
flush chain ip nat post
table ip nat {
  chain post {
    oifname "wan" meta l4proto udp masquerade to :${port}
    oifname "wan" masquerade
  }
}
`);
}

/** Puts several hosts on one LAN behind another one; they get .2, .3, … on `eth0`. */
export async function attachLan(router: Host, kind: NatKind, lan: { cable: Switch; subnet: string; hosts: Host[] }) {
  const { cable, subnet, hosts } = lan;
  await cable.plug({ host: router, interface: 'lan' }, `${subnet}.1/24`);
  await makeNatRouter(router, kind);
  for (const [i, host] of hosts.entries())
    await cable.plug({ host, interface: 'eth0' }, `${subnet}.${i + 2}/24`, `${subnet}.1`);
}

/**
 * Puts a host with a public address behind a firewall that translates nothing: whoever was not written to does not get in.
 * The firewall is an internet's neighbour by `transit`, its own address.
 */
export async function attachFirewalled(
  internet: Internet,
  firewall: Host,
  inside: { host: Host; address: string; transit: string },
) {
  const { host, address, transit } = inside;
  await internet.attach(firewall, transit, 'wan');
  await internet.routeTo(address, transit);
  await link({ host: firewall, interface: 'lan' }, { host, interface: 'eth0' });
  await firewall.sysctl('net.ipv4.ip_forward', 1);
  await firewall.ip(`route add ${address}/32 dev lan`, 'address add 169.254.1.1/32 dev lan');
  await firewall.nft(`
table ip filter {
  chain forward { type filter hook forward priority filter;
    iifname "wan" ct state established,related accept
    iifname "wan" drop
  }
}
`);
  await host.ip(
    `address add ${address}/32 dev eth0`,
    'route add 169.254.1.1 dev eth0 scope link',
    `route add default via 169.254.1.1 dev eth0 src ${address}`,
  );
}

/**
 * Makes a host with a `wan` interface a router that translates and filters what its other interfaces send.
 * The drop in `input` is needed: an early packet from a far peer would otherwise be accepted by the router itself, take
 * the connection's tuple, and push the real mapping to another port.
 */
async function makeNatRouter(host: Host, kind: NatKind): Promise<void> {
  const fullcone = kind === 'fullcone';
  await host.sysctl('net.ipv4.ip_forward', 1);
  await host.nft(`
table ip nat {
  ${fullcone ? 'map inside { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 300s; }' : ''}
  chain pre { type nat hook prerouting priority dstnat;
    ${fullcone ? `iifname "wan" meta l4proto udp dnat ip to udp dport map @inside` : ''}
  }
  chain post { type nat hook postrouting priority srcnat;
    ${fullcone ? `oifname "wan" meta l4proto udp update @inside { udp sport : ip saddr }` : ''}
    oifname "wan" masquerade ${kind === 'symmetric' ? 'random,fully-random' : ''}
  }
}
table ip filter {
  chain input { type filter hook input priority filter;
    iifname "wan" ct state established,related accept
    iifname "wan" icmp type echo-request accept
    iifname "wan" drop
  }
  chain forward { type filter hook forward priority filter;
    ${kind === 'noudp' ? 'meta l4proto udp drop' : ''}
    iifname "wan" ct state established,related accept
    iifname "wan" ct status dnat accept
    iifname "wan" drop
  }
}
`);
}
