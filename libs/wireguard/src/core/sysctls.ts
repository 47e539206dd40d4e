/** Kernel settings of the whole machine (the last one: of our interface) that a set may need, by what they are for. */
export const SYSCTLS = {
  forward4: 'net.ipv4.ip_forward',
  forward6: 'net.ipv6.conf.all.forwarding',
  /** The reverse path filter looks at marks: answers to the tunnel's own packets must not seem to come from elsewhere. */
  markedPaths: 'net.ipv4.conf.all.src_valid_mark',
  /** Loose reverse path filter on our interface: while a gateway moves, ways there and back differ. Peers' sources are proven. */
  loosePaths: 'net.ipv4.conf.IF.rp_filter',
} as const;

export type SysctlKey = keyof typeof SYSCTLS;
export const SYSCTL_KEYS = Object.keys(SYSCTLS) as SysctlKey[];

export const sysctlName = (key: SysctlKey, interfaceName: string) => SYSCTLS[key].replace('IF', interfaceName);

/** What the keys must be; one that is absent stays as the machine has it. */
export function desiredSysctls(need: {
  forward: boolean;
  internet: boolean;
  ipv6: boolean;
}): Partial<Record<SysctlKey, string>> {
  return {
    ...(need.forward && { forward4: '1', loosePaths: '2' }),
    ...(need.forward && need.ipv6 && { forward6: '1' }),
    ...(need.internet && { markedPaths: '1' }),
  };
}
