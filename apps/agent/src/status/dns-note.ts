import { readFile } from 'node:fs/promises';
import { wayTo } from '#wireguard/linux/way-to.js';

/**
 * A full tunnel does not carry what a resolver near by is asked, and who can hear that learns the names.
 * @returns for people; undefined when all is asked through the tunnel, or nobody
 */
export async function dnsNote(interfaceName: string): Promise<string | undefined> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const outside: string[] = [];
  for (const server of nameservers(text)) if ((await wayTo(server)) !== interfaceName) outside.push(server);
  if (outside.length === 0) return undefined;
  return `all traffic goes through the internet gateway, but names are asked of ${outside.join(', ')}, outside the tunnel (/etc/resolv.conf)`;
}

/** Addresses with a zone are left out: they are of one link, which the note would have to name. */
export function nameservers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+([0-9a-fA-F.:]+)\s*$/gm)].map(([, address]) => address ?? '');
}
