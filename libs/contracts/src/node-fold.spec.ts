import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { foldMessage, type NodeSet } from './node-fold.js';
import { digestOf, formatDigest, type MessageHead, type NodeMessage, type Resource } from './node-stream.js';

const route = (n: number): Resource => ({ name: `route/10.0.${n}.0/24`, cidr: `10.0.${n}.0/24` });
const peer = (n: number, port = 1): Resource => ({
  name: `peer/${n}`,
  node: `n${n}`,
  publicKey: 'k',
  allowedIps: [`10.1.0.${n}/32`],
  endpoint: `192.0.2.1:${port}`,
});

function set(epoch: number, revision: number, resources: Resource[]): NodeSet {
  const named = new Map(resources.map((resource) => [resource.name as string, resource]));
  return { epoch, revision, logVersion: revision, digest: digestOf(resources), resources: named };
}

const head = (kind: MessageHead['kind'], [epoch, revision]: [number, number], after: Resource[]): MessageHead => ({
  kind,
  epoch,
  revision,
  logVersion: revision,
  digest: formatDigest(digestOf(after)),
});

const full = (at: [number, number], resources: Resource[]) =>
  ({ head: head('full', at, resources), body: { resources } }) as NodeMessage;

/** A delta at [epoch, revision] that says it leads to `after`. */
const delta = (at: [number, number], change: { upserts?: Resource[]; removed?: string[] }, after: Resource[]) =>
  ({ head: head('delta', at, after), body: { upserts: [], removed: [], ...change } }) as NodeMessage;

describe('foldMessage', () => {
  const held = set(5, 10, [peer(1), route(1)]);
  const plus = { upserts: [peer(2)] };
  const grown = [peer(1), route(1), peer(2)];
  const same = [peer(1), route(1)];

  test.each<[string, NodeSet | undefined, NodeMessage, string]>([
    ['a full when nothing is held', undefined, full([5, 1], grown), 'folded'],
    ['a newer full', held, full([5, 12], grown), 'folded'],
    ['the full of the revision that is held', held, full([5, 10], same), 'stale'],
    ['an older full', held, full([5, 9], grown), 'stale'],
    ['a full of a new epoch with a lower revision', held, full([6, 1], grown), 'folded'],
    ['a full of an old epoch with a higher revision', held, full([4, 99], grown), 'stale'],
    [
      'a full that is not what its digest says',
      held,
      { ...full([5, 12], grown), body: { resources: same } } as NodeMessage,
      'digest_mismatch',
    ],
    ['a delta when nothing is held', undefined, delta([5, 1], plus, grown), 'no_state'],
    ['the next delta', held, delta([5, 11], plus, grown), 'folded'],
    ['the next delta twice', held, delta([5, 10], plus, grown), 'stale'],
    ['a delta after a gap', held, delta([5, 12], plus, grown), 'gap'],
    ['a delta of a deposed publisher', held, delta([4, 11], plus, grown), 'stale'],
    ['the next delta of a new publisher', held, delta([6, 11], plus, grown), 'folded'],
    ['a new publisher that counts anew, from the same state', held, delta([6, 1], {}, same), 'folded'],
    ['a new publisher that counts anew, from another state', held, delta([6, 1], {}, grown), 'digest_mismatch'],
    ['a new publisher after a gap', held, delta([6, 13], plus, [...grown, peer(3)]), 'gap'],
    ['a delta whose outcome is not its digest', held, delta([5, 11], plus, same), 'digest_mismatch'],
    ['an upsert that replaces', held, delta([5, 11], { upserts: [peer(1, 2)] }, [peer(1, 2), route(1)]), 'folded'],
    ['a removal', held, delta([5, 11], { removed: ['peer/1'] }, [route(1)]), 'folded'],
    ['a removal of what is not there', held, delta([5, 11], { removed: ['peer/9'] }, same), 'folded'],
  ])('%s', (_, before, message, expected) => {
    const result = foldMessage(before, message);
    expect(result.outcome === 'resync' ? result.reason : result.outcome).toBe(expected);
    if (result.outcome !== 'folded') return;
    expect(result.set).toMatchObject({ epoch: message.head.epoch, revision: message.head.revision });
    expect(formatDigest(digestOf(result.set.resources.values()))).toBe(message.head.digest);
  });

  test('what is held is never changed by folding', () => {
    const before = [...held.resources.entries()];
    foldMessage(held, delta([5, 11], { removed: ['peer/1'], upserts: [peer(2)] }, [route(1), peer(2)]));
    expect([...held.resources.entries()]).toEqual(before);
  });

  const changes = fc.array(
    fc.record({
      upserts: fc.uniqueArray(fc.tuple(fc.nat(5), fc.nat(3)), { selector: ([n]) => n, maxLength: 3 }),
      removed: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 20 },
  );

  test('deltas in a row lead to the set of the last revision', () => {
    fc.assert(
      fc.property(changes, (steps) => {
        const { messages, last } = history(steps);
        const end = messages.reduce<NodeSet>(
          (current, message) => foldedOf(foldMessage(current, message)),
          set(1, 1, []),
        );
        expect(end.digest).toBe(digestOf(last.values()));
        expect(new Map(end.resources)).toEqual(last);
      }),
    );
  });

  test('a delta that was missed is noticed at the next one', () => {
    fc.assert(
      fc.property(changes, fc.nat(18), (steps, missing) => {
        fc.pre(missing + 1 < steps.length);
        const { messages } = history(steps);
        const before = messages
          .slice(0, missing)
          .reduce<NodeSet>((current, message) => foldedOf(foldMessage(current, message)), set(1, 1, []));
        expect(foldMessage(before, messages[missing + 1]!)).toEqual({ outcome: 'resync', reason: 'gap' });
      }),
    );
  });
});

function foldedOf(result: ReturnType<typeof foldMessage>): NodeSet {
  if (result.outcome !== 'folded') throw new Error(result.outcome);
  return result.set;
}

/** What a publisher says while a set changes step by step, from revision 2 on. */
function history(steps: { upserts: [number, number][]; removed: number[] }[]) {
  const last = new Map<string, Resource>();
  const messages = steps.map(({ upserts, removed }, index) => {
    removed.forEach((n) => last.delete(`peer/${n}`));
    upserts.forEach(([n, port]) => last.set(`peer/${n}`, peer(n, port)));
    const change = { upserts: upserts.map(([n, port]) => peer(n, port)), removed: removed.map((n) => `peer/${n}`) };
    return delta([1, index + 2], change, [...last.values()]);
  });
  return { messages, last };
}
