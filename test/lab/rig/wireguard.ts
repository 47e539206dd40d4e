import { type Host } from './host.js';
import { waitFor } from './wait-for.js';

/** A WireGuard interface that the rig itself configures: for what is tested without an agent. */
export interface Tunnel {
  host: Host;
  interface: string;
  publicKey: string;
}

/** Flags of proc_pid_net(5) and Linux's `__SO_ACCEPTCON`, type, state, inode, path. */
const LISTENING = / 00010000 \S+ \S+ +\d+ \/(var\/)?run\/wireguard\/wg0\.sock$/m;

/** Kernel WireGuard where there is one, wireguard-go otherwise. `addresses` with prefix length. */
export async function wgUp(host: Host, addresses: string[], port = 51820): Promise<Tunnel> {
  const name = 'wg0';
  const kernel = await host.attempt('ip', ['link', 'add', name, 'type', 'wireguard']);
  if (kernel.code !== 0) await startUserspace(host, name);
  const privateKey = await host.run('wg', ['genkey']);
  // A pipe of a shell's own: wg opens /dev/stdin by name, and Node's standard input is a socket, which cannot be.
  const set = `cat | wg set ${name} private-key /dev/stdin listen-port ${port}`;
  await host.run('sh', ['-c', set], { input: privateKey });
  await host.ip(...addresses.map((address) => `address add ${address} dev ${name}`), `link set ${name} mtu 1420 up`);
  return { host, interface: name, publicKey: (await host.run('wg', ['pubkey'], { input: privateKey })).trim() };
}

export interface PeerSettings {
  allowedIps: string[];
  endpoint?: string;
  keepalive?: number;
}

export async function wgPeer(on: Tunnel, to: Tunnel, settings: PeerSettings): Promise<void> {
  const endpoint = settings.endpoint ? ['endpoint', settings.endpoint] : [];
  const keepalive = settings.keepalive ? ['persistent-keepalive', String(settings.keepalive)] : [];
  const allowed = ['allowed-ips', settings.allowedIps.join(',')];
  await on.host.run('wg', ['set', on.interface, 'peer', to.publicKey, ...allowed, ...endpoint, ...keepalive]);
}

/** Where this side sees the other one; undefined until it has heard of it. */
export async function wgEndpoint(on: Tunnel, of: Tunnel): Promise<string | undefined> {
  const lines = (await on.host.run('wg', ['show', on.interface, 'endpoints'])).trim().split('\n');
  const endpoint = lines.map((line) => line.split('\t')).find(([key]) => key === of.publicKey)?.[1];
  return endpoint === '(none)' ? undefined : endpoint;
}

async function startUserspace(host: Host, name: string): Promise<void> {
  const process = host.spawn('wireguard-go', ['-f', name], { LOG_LEVEL: 'error' });
  const what = `wireguard-go on ${host.name}`;
  // Asked before it listens, wg would delete its socket (WireguardGo.answers).
  const listens = async () => LISTENING.test(await host.run('cat', ['/proc/net/unix']));
  await waitFor(() => (process.mustRun(), listens()), { what });
  await waitFor(() => (process.mustRun(), host.run('wg', ['show', name, 'public-key'])), { what });
}
