import { type Host } from './rig/host.js';

/** Everything on a host that an agent could leave behind, as text that two looks can be compared by. */
export async function inventory(host: Host): Promise<Record<string, string>> {
  const looks: [string, string[]][] = [
    ['ip', ['-oneline', 'link']],
    ['ip', ['-oneline', 'address']],
    ['ip', ['-4', 'route', 'show', 'table', 'all']],
    ['ip', ['-6', 'route', 'show', 'table', 'all']],
    ['ip', ['-4', 'rule']],
    ['ip', ['-6', 'rule']],
    ['nft', ['-s', 'list', 'ruleset']],
    ['sysctl', ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']],
    ['ls', ['-AR', '/run']],
  ];
  const found = await Promise.all(looks.map(([tool, args]) => host.run(tool, args)));
  const named = looks.map(([tool, args], i): [string, string] => [[tool, ...args].join(' '), found[i] ?? '']);
  return { ...Object.fromEntries(named), programs: host.programs().sort().join('\n') };
}
