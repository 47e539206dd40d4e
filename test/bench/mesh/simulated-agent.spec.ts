import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { changesInPlace, foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { digestOf, formatDigest, type NodeMessage, type Resource } from '#contracts/node-stream.js';
import { holds } from '../../support/property.js';
import { ResourceBook } from './resource-book.js';
import { SimulatedAgent } from './simulated-agent.js';

const peer = (n: number, port: number): Resource => ({
  name: `peer/${n}`,
  node: `n${n}`,
  publicKey: 'k',
  allowedIps: [`10.1.0.${n}/32`],
  endpoint: `192.0.2.1:${port}`,
});

const small = fc.nat(3);
const peers = fc.uniqueArray(fc.tuple(fc.nat(40), small), { selector: ([n]) => n, maxLength: 12 });
/** Mostly the next revision of the same epoch, and mostly with the digest that is right. */
const steps = fc.array(
  fc.record({
    isFull: fc.boolean(),
    epoch: fc.constantFrom(0, 0, 0, 1, -1),
    revision: fc.constantFrom(1, 1, 1, 1, 0, 2),
    upserts: peers,
    removed: fc.array(fc.nat(40), { maxLength: 4 }),
    isRight: fc.constantFrom(true, true, true, false),
  }),
  { maxLength: 25 },
);

test('a simulated agent folds as a real one, and holds the same set', () => {
  holds(steps, 300, (history) => {
    const agent = new SimulatedAgent(new ResourceBook());
    let real: NodeSet | undefined;
    for (const step of history) {
      const message = messageOf(step, real);
      const folded = foldMessage(real, message);
      expect(agent.onMessage(message)).toBe(folded.outcome === 'resync' ? folded.reason : folded.outcome);
      if (folded.outcome === 'folded') {
        if (real && message.head.kind === 'delta') expect(agent.changedInPlace).toBe(changesInPlace(real, folded.set));
        real = folded.set;
      }
      expect(agent.position).toEqual(real && { epoch: real.epoch, revision: real.revision });
      expect([agent.peers, agent.digest]).toEqual([real?.resources.size ?? 0, formatDigest(real?.digest ?? 0n)]);
    }
  });
});

test('an agent tells of the peers that came, once their message was taken', () => {
  const told: string[] = [];
  const agent = new SimulatedAgent(new ResourceBook(), ({ name }) => told.push(name));
  const [a, b] = [peer(1, 1), peer(2, 1)];
  const say = (revision: number, upserts: Resource[], after: Resource[]) => {
    const head = { epoch: 1, revision, logVersion: 1, digest: formatDigest(digestOf(after)) };
    return agent.onMessage({ head: { ...head, kind: 'delta' }, body: { upserts, removed: [] } });
  };
  agent.recall({ epoch: 1, revision: 1 }, { resources: [a] });
  expect(say(2, [b], [a])).toBe('digest_mismatch');
  expect(told).toEqual([]);
  expect(say(2, [a, b], [a, b])).toBe('folded');
  expect(told).toEqual(['peer/2']);
});

test('an agent takes over a disk that is like that of another', () => {
  const book = new ResourceBook();
  const [a, b, c] = [peer(1, 1), peer(2, 1), peer(3, 1)];
  const other = new SimulatedAgent(book);
  other.recall({ epoch: 1, revision: 1 }, { resources: [a, b] });
  const agent = new SimulatedAgent(book);
  agent.recall({ epoch: 1, revision: 1 }, { like: other, without: [b], resources: [c] });
  expect([agent.peers, agent.digest]).toEqual([2, formatDigest(digestOf([a, c]))]);
  expect([other.peers, other.digest]).toEqual([2, formatDigest(digestOf([a, b]))]);
});

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

function messageOf(step: Step, real: NodeSet | undefined): NodeMessage {
  const upserts = step.upserts.map(([n, port]) => peer(n, port));
  const removed = step.removed.map((n) => `peer/${n}`).filter((name) => upserts.every((each) => each.name !== name));
  const after = new Map(step.isFull ? [] : real?.resources);
  for (const name of removed) after.delete(name);
  for (const resource of upserts) after.set(resource.name, resource);
  const head = {
    epoch: Math.max(0, (real?.epoch ?? 1) + step.epoch),
    revision: Math.max(0, (real?.revision ?? 0) + step.revision),
    logVersion: 1,
    digest: formatDigest(step.isRight ? digestOf(after.values()) : 1n),
  };
  return step.isFull
    ? { head: { ...head, kind: 'full' }, body: { resources: upserts } }
    : { head: { ...head, kind: 'delta' }, body: { upserts, removed } };
}
