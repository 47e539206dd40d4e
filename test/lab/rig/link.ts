import { run } from './command.js';
import { type Host } from './host.js';

/** One end of a cable. */
export interface Port {
  host: Host;
  interface: string;
}

/** Lays a cable between two hosts. Both ends are created in place: moving one between namespaces costs 12 to 35 ms. */
export async function link(a: Port, b: Port): Promise<void> {
  const near = [a.interface, 'netns', String(a.host.pid)];
  const far = [b.interface, 'netns', String(b.host.pid)];
  await run('ip', ['link', 'add', ...near, 'type', 'veth', 'peer', 'name', ...far]);
  await Promise.all([a, b].map((end) => end.host.ip(`link set ${end.interface} up`)));
}
