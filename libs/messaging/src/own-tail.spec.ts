import { expect, test } from '@jest/globals';
import type { MessageHead } from '#contracts/node-stream.js';
import { OwnTail } from './own-tail.js';

const head = (revision: number): MessageHead => ({
  kind: 'delta',
  epoch: 1,
  revision,
  logVersion: revision,
  digest: '0'.repeat(32),
});

/** A tail that begins after 10 and was told of these sequences, each another revision of one node. */
function tailWith(...sequences: number[]): OwnTail {
  const tail = new OwnTail();
  tail.reading();
  tail.begin(10);
  for (const sequence of sequences) tail.stored({ sequence, nodeId: 'a', head: head(sequence) });
  return tail;
}

test.each<[string, number[], number, [number, number?] | undefined]>([
  ['nothing was stored', [], 10, [10]],
  ['all are its own', [11, 12, 13], 10, [13, 13]],
  ['acknowledgements overtook each other', [12, 11, 14, 13], 10, [14, 14]],
  ['somebody else stored one in between', [11, 13], 10, undefined],
  ['the stream lost its end', [11, 12, 11], 10, undefined],
  ['one came that should have been read', [9], 10, undefined],
  ['more is unknown than the tail', [11], 7, undefined],
])('%s', (_, sequences, known, expected) => {
  const taken = tailWith(...sequences).take(known);
  expect(taken && [taken.sequence, taken.heads.get('a')?.revision]).toEqual(expected && [expected[0], expected[1]]);
});

test('it goes on from where it was taken, and what is uncertain has to be read again', () => {
  const tail = tailWith(11);
  expect(tail.take(10)?.sequence).toBe(11);
  tail.stored({ sequence: 12, nodeId: 'b', head: head(1) });
  expect([...(tail.take(11)?.heads.keys() ?? [])]).toEqual(['b']);
  tail.lose();
  expect(tail.take(12)).toBeUndefined();
});

test('what is stored while the stream is read counts from its end on', () => {
  const tail = new OwnTail();
  expect(tail.take(0)).toBeUndefined();
  tail.reading();
  for (const sequence of [4, 6, 7]) tail.stored({ sequence, nodeId: 'a', head: head(sequence) });
  expect(tail.take(0)).toBeUndefined();
  tail.begin(5);
  expect(tail.take(5)?.sequence).toBe(7);
});

test("an end that lies further than what it stored is somebody else's", () => {
  expect(tailWith(11, 12).covers(12)).toBe(true);
  expect(tailWith(11, 12).covers(13)).toBe(false);
  expect(tailWith(11, 13).covers(11)).toBe(false);
  expect(new OwnTail().covers(0)).toBe(false);
});
