import type { AgentStatus } from './agent.js';
import type { Member } from './mesh.js';
import { waitFor } from './rig/wait-for.js';

/** How one reaches the other, as its agent tells. */
export async function pathOf(from: Member, to: Member): Promise<AgentStatus['peers'][number]> {
  const found = (await from.agent.status()).peers.find((peer) => peer.name === to.name);
  if (!found) throw new Error(`${from.name} has no peer ${to.name}`);
  return found;
}

/** Waits until both ends tell that they reach each other so. `via`: the name of the relay. */
export async function waitForPath(
  [a, b]: [Member, Member],
  path: AgentStatus['peers'][number]['path'],
  { via, timeout = 60_000 }: { via?: string; timeout?: number } = {},
): Promise<void> {
  const isSo = async () => {
    const seen = await Promise.all([pathOf(a, b), pathOf(b, a)]);
    if (seen.every((each) => each.path === path && (via === undefined || each.via === via))) return true;
    throw new Error(seen.map((each) => `${each.path} ${each.via ?? ''}`).join(', '));
  };
  await waitFor(isSo, { what: `${a.name} and ${b.name} to be ${path}`, timeout, every: 250 });
}
