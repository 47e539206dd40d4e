import fc from 'fast-check';
import { holds } from '../support/property.js';
import type { NetworkHistory } from '../support/network-history.js';
import { expectation } from './expectation.js';
import { familyOf, type Packet, reversed, textOf } from './packet.js';
import { relayedTopologies, topologies } from './random-topology.js';
import { type Host, Site, type Target } from './site.js';
import { Mesh } from './walk.js';

const NAME = 'where the rules say, both ways, from the address that the rules say, and nowhere else';

test(`packets go ${NAME}`, () => {
  const met = { reached: 0, kept: 0 };
  holds(topologies(), 1000, (history) => refuse(contradictions(history, met)));
  // A property about packets that never arrive would hold for an empty plan.
  expect(met.reached).toBeGreaterThan(10_000);
  expect(met.kept).toBeGreaterThan(10_000);
});

test(`packets go over relays ${NAME}`, () => {
  const met = { reached: 0, kept: 0 };
  const seed = Number(process.env.TOMBOLO_SEED ?? 1);
  for (const history of fc.sample(relayedTopologies(), { numRuns: 300, seed })) refuse(contradictions(history, met));
  expect(met.reached).toBeGreaterThan(5_000);
  expect(met.kept).toBeGreaterThan(5_000);
});

function refuse(wrong: string[]): void {
  if (wrong.length > 0) throw new Error(wrong.slice(0, 3).join('\n'));
}

function contradictions(history: NetworkHistory, met: { reached: number; kept: number }): string[] {
  const site = new Site(history.state);
  const mesh = new Mesh(site.machines());
  const targets = site.targets();
  return site.hosts().flatMap((sender) =>
    targets.flatMap((target) => {
      const expected = expectation(site, sender, target);
      if (!expected) return [];
      met[expected.reached ? 'reached' : 'kept'] += 1;
      const wrong = contradiction({ site, mesh, sender, target }, expected);
      return wrong ? [`${told(sender)} to ${told(target.host)} at ${target.address}: ${wrong}`] : [];
    }),
  );
}

interface Try {
  site: Site;
  mesh: Mesh;
  sender: Host;
  target: Target;
}

function contradiction(
  { site, mesh, sender, target }: Try,
  expected: NonNullable<ReturnType<typeof expectation>>,
): string | undefined {
  const entry = site.entry(sender);
  const source = site.addresses(sender).find((own) => familyOf(own) === familyOf(target.address));
  if (!entry || !source) return expected.reached ? 'it has no way into the mesh' : undefined;
  mesh.forget();
  const sent: Packet = { source, sourcePort: 40_000, destination: target.address, port: target.port };
  const end = mesh.send(sent, entry);
  const arrived = site.isWith(target.host, end, target.heard);
  if (!expected.reached) return arrived ? `arrived, although it must not` : undefined;
  if (end.at === 'nowhere') return `lost at ${end.nodeId}: ${end.why}`;
  if (!arrived) return `ended at ${JSON.stringify(end)}`;
  if (end.packet.source !== expected.seenAs) return `seen as ${end.packet.source}, not as ${expected.seenAs}`;
  if (expected.at !== undefined && 'nodeId' in end && end.nodeId !== expected.at)
    return `left the mesh at ${end.nodeId}, not at ${expected.at}`;

  const back = site.answering(target.host, { nodeId: '', ...end } as never, end.packet.source);
  if (!back) return 'nobody carries the answer';
  const answer = mesh.send(reversed(end.packet), back);
  if (answer.at === 'nowhere') return `answer lost at ${answer.nodeId}: ${answer.why}`;
  if (textOf(answer.packet) !== textOf(reversed(sent))) return `answered by ${textOf(answer.packet)}`;
  return site.isWith(sender, answer, { address: source, port: 40_000 })
    ? undefined
    : `answer ended at ${JSON.stringify(answer)}`;
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
