import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const TOOLS = ['wg', 'wireguard-go', 'ip', 'ss', 'nft', 'ping', 'unshare', 'nsenter'];

/** Why namespaces with WireGuard in them cannot be made here; undefined: they can. */
export function whatNamespacesLack(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const places = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`.split(':');
  const absent = TOOLS.filter((tool) => !places.some((place) => existsSync(`${place}/${tool}`)));
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  const { status } = spawnSync('unshare', ['--net', '--mount', 'true']);
  return status === 0 ? undefined : 'root may make no network namespaces here';
}
