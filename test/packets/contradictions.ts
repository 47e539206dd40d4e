import type { NetworkState } from '#topology/network-state.js';
import { expectation } from './expectation.js';
import { familyOf, type Packet, reversed, textOf } from './packet.js';
import { type Host, Site, type Target } from './site.js';
import { type End, Mesh } from './walk.js';

/** How many tries were looked at: what has to arrive, what must not. */
export interface Met {
  reached: number;
  kept: number;
  /** What no relay takes there, and the plan says so. */
  unrelayed: number;
}

/** Everybody tries to reach everybody, at every address: what of it goes otherwise than the rules say. */
export function contradictions(state: NetworkState, met: Met = { reached: 0, kept: 0, unrelayed: 0 }): string[] {
  const site = new Site(state);
  const mesh = new Mesh(site.machines());
  const targets = site.targets();
  return site.hosts().flatMap((sender) =>
    targets.flatMap((target) => {
      const expected = expectation(site, sender, target);
      if (!expected) return [];
      met[expected.reached ? 'reached' : 'kept'] += 1;
      const wrong = contradiction({ site, mesh, sender, target }, expected);
      if (!wrong) return [];
      if (wrong.isLost && isUnrelayed(site, sender, target)) {
        met.unrelayed += 1;
        return [];
      }
      return [`${told(sender)} to ${told(target.host)} at ${target.address}: ${wrong.what}`];
    }),
  );
}

interface Try {
  site: Site;
  mesh: Mesh;
  sender: Host;
  target: Target;
}

interface Wrong {
  what: string;
  /** It came to nobody, or its answer did not. */
  isLost: boolean;
}

const wrong = (what: string): Wrong => ({ what, isLost: false });
const lost = (what: string): Wrong => ({ what, isLost: true });

function contradiction(
  { site, mesh, sender, target }: Try,
  expected: NonNullable<ReturnType<typeof expectation>>,
): Wrong | undefined {
  const entry = site.entry(sender);
  const source = site.addresses(sender).find((own) => familyOf(own) === familyOf(target.address));
  if (!entry || !source) return expected.reached ? lost('it has no way into the mesh') : undefined;
  mesh.forget();
  const sent: Packet = { source, sourcePort: 40_000, destination: target.address, port: target.port };
  const end = mesh.send(sent, entry);
  const arrived = site.isWith(target.host, end, target.heard);
  if (!expected.reached) return arrived ? wrong(`arrived, although it must not`) : undefined;
  if (end.at === 'nowhere') return lost(`lost at ${end.nodeId}: ${end.why}`);
  if (!arrived) return elsewhere(site, 'ended', end);
  if (expected.at !== undefined && 'nodeId' in end && end.nodeId !== expected.at)
    return { what: `left the mesh at ${end.nodeId}, not at ${expected.at}`, isLost: end.nodeId === entry.nodeId };
  if (end.packet.source !== expected.seenAs) return wrong(`seen as ${end.packet.source}, not as ${expected.seenAs}`);

  const back = site.answering(target.host, { nodeId: '', ...end } as never, end.packet.source);
  if (!back) return lost('nobody carries the answer');
  const answer = mesh.send(reversed(end.packet), back);
  if (answer.at === 'nowhere') return lost(`answer lost at ${answer.nodeId}: ${answer.why}`);
  if (!site.isWith(sender, answer, { address: source, port: 40_000 })) return elsewhere(site, 'answer ended', answer);
  return textOf(answer.packet) === textOf(reversed(sent)) ? undefined : wrong(`answered by ${textOf(answer.packet)}`);
}

/** Out of the mesh, where nobody has the address that it is for. */
function elsewhere(site: Site, what: string, end: End): Wrong {
  const isLost = end.at === 'behind' && site.isUnknownAt(end.nodeId, end.packet.destination);
  return { what: `${what} at ${JSON.stringify(end)}`, isLost };
}

/** Whether the plan itself says that relays do not take this, or its answer. */
function isUnrelayed(site: Site, sender: Host, { host, address, heard }: Target): boolean {
  const doors = [sender, host].map((one) => ('cluster' in one ? site.serving(site.door(one.cluster)) : undefined));
  const own = 'cluster' in sender ? site.addresses(sender).map((each) => site.crossing(sender.cluster, each)) : [];
  return site.isUnrelayed(
    [site.origin(sender), site.origin(host), ...doors],
    [address, heard.address, ...site.addresses(sender), ...own],
  );
}

const told = (host: Host): string => {
  switch (host.kind) {
    case 'node':
      return `node ${host.nodeId.slice(-3)}`;
    case 'pod':
      return `pod ${host.address} of ${host.cluster.model} ${host.cluster.clusterId.slice(-3)} on ${host.nodeId?.slice(-3)}`;
    case 'service':
      return `service ${host.address} of ${host.cluster.model} ${host.cluster.clusterId.slice(-3)}`;
    case 'client':
      return `client ${host.client.name}`;
    case 'lan':
      return `lan ${host.address} of ${host.gateway.name}`;
    case 'web':
      return `web ${host.address}`;
  }
};
