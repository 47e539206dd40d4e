import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { Book, type Settled } from './load.js';
import { brokenPromises } from './promises.js';

const fact = (version: number, commandId: string, type = 'NodeChanged', data: object = { n: version }) =>
  ({
    version,
    type,
    data,
    metadata: { commandId, actor: 'token/admin', at: '' },
  }) as unknown as RecordedFact<NetworkFact>;
const first = [fact(1, 'x', 'NetworkCreated'), fact(2, 'y', 'EnrolmentKeyCreated')];
const yes: Settled = { commandId: 'one', what: 'POST gateways', status: 201 };
const no: Settled = { commandId: 'two', what: 'POST clients', status: 409 };

const book = (settled: Settled[], joined: string[] = []) => Object.assign(new Book(), { settled, joined });

test('a log that keeps its promises breaks none', () => {
  const joins = fact(5, 'join', 'NodeEnrolled', { name: 'web' });
  joins.metadata.actor = 'key/1';
  expect(brokenPromises([...first, fact(3, 'one'), fact(4, 'one'), joins], book([yes, no], ['web']))).toEqual([]);
});

test.each([
  ['a gap', [...first, fact(4, 'one')], book([yes]), /have a gap/],
  ['an acknowledged write that is lost', first, book([yes]), /acknowledged, and not in the log: POST gateways/],
  [
    'a write that is there twice',
    [...first, fact(3, 'one', 'A', {}), fact(4, 'one', 'A', {})],
    book([yes]),
    /more than once/,
  ],
  ['a write with another in it', [...first, fact(3, 'one'), fact(4, 'z'), fact(5, 'one')], book([yes]), /in pieces/],
  ['a refused write that was done', [...first, fact(3, 'two')], book([no]), /refused, yet in the log: POST clients/],
  [
    'versions that are not those of the facts',
    [...first, fact(3, 'one')],
    book([{ ...yes, versions: [4] }]),
    /versions 4/,
  ],
  ['a fact from nowhere', [...first, fact(3, 'z')], book([]), /nobody asked for NodeChanged/],
  ['a node that is lost', first, book([], ['web']), /web was told it joined/],
])('tells %s', (_, facts, told, expected) => {
  expect(brokenPromises(facts, told).join()).toMatch(expected);
});
