import { type Host } from './host.js';

/**
 * How a home or carrier router treats UDP (RFC 4787):
 * - `cone`: one outside port per inside port, for all destinations; only those written to may answer
 * - `fullcone`: the same, and anybody may write to that port
 * - `symmetric`: a fresh outside port per destination
 */
export type NatKind = 'cone' | 'fullcone' | 'symmetric';

/**
 * Makes a host with a `wan` interface a router that translates and filters what its other interfaces send.
 * The drop in `input` is needed: an early packet from a far peer would otherwise be accepted by the router itself, take
 * the connection's tuple, and push the real mapping to another port.
 */
export async function makeNatRouter(host: Host, kind: NatKind, wan = 'wan'): Promise<void> {
  const fullcone = kind === 'fullcone';
  await host.sysctl('net.ipv4.ip_forward', 1);
  await host.nft(`
table ip nat {
  ${fullcone ? 'map inside { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 300s; }' : ''}
  chain pre { type nat hook prerouting priority dstnat;
    ${fullcone ? `iifname "${wan}" meta l4proto udp dnat ip to udp dport map @inside` : ''}
  }
  chain post { type nat hook postrouting priority srcnat;
    ${fullcone ? `oifname "${wan}" meta l4proto udp update @inside { udp sport : ip saddr }` : ''}
    oifname "${wan}" masquerade ${kind === 'symmetric' ? 'random,fully-random' : ''}
  }
}
table ip filter {
  chain input { type filter hook input priority filter;
    iifname "${wan}" ct state established,related accept
    iifname "${wan}" icmp type echo-request accept
    iifname "${wan}" drop
  }
  chain forward { type filter hook forward priority filter;
    iifname "${wan}" ct state established,related accept
    iifname "${wan}" ct status dnat accept
    iifname "${wan}" drop
  }
}
`);
}
