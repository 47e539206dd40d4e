import { jest } from '@jest/globals';
import type { NodeSet } from '#contracts/node-fold.js';
import { ownInterface } from '#wireguard/testing/fixtures.js';
import { createLog } from '../log.js';
import type { HttpAnswer } from '../server/http-request.js';
import { KeyOffer } from './key-offer.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const asking = (wanted?: number): NodeSet => {
  const key = { current: 'k', ...(wanted !== undefined && { wanted }) };
  return {
    epoch: 1,
    revision: 1,
    logVersion: 1,
    digest: 0n,
    resources: new Map([['interface', ownInterface({ key })]]),
  };
};
const answer = (status: number, code = ''): HttpAnswer => ({
  status,
  date: undefined,
  retryAfter: undefined,
  text: JSON.stringify({ code }),
});

/** @param answers in order; a text is a server that does not answer */
function offering(...answers: (HttpAnswer | string)[]) {
  const offered: string[] = [];
  let made = 0;
  let ready: string | undefined;
  const offer = new KeyOffer({
    keys: {
      prepare: async () => (ready ??= `key-${++made}`),
      discard: async () => void (ready = undefined),
    },
    offer: async (publicKey) => {
      offered.push(publicKey);
      const next = answers.shift() ?? answer(204);
      if (typeof next === 'string') throw new Error(next);
      return next;
    },
    log: createLog('silent'),
  });
  return { offer, offered };
}
const hours = () => jest.advanceTimersByTimeAsync(10 * 3_600_000);

test('a request is answered once, with every set that repeats it', async () => {
  const { offer, offered } = offering();
  for (const set of [asking(5), asking(5), asking(5)]) {
    offer.look(set);
    await hours();
  }
  expect(offered).toEqual(['key-1']);
});

test('a set that asks for nothing is answered with nothing', async () => {
  const { offer, offered } = offering();
  offer.look(asking());
  await hours();
  expect(offered).toEqual([]);
});

test.each([
  ['no answer', ['away', 'away']],
  ['a server that cannot now', [answer(503), answer(429)]],
])('%s: the same key is offered until there is one', async (_, answers) => {
  const { offer, offered } = offering(...answers);
  offer.look(asking(5));
  await hours();
  expect(offered).toEqual(['key-1', 'key-1', 'key-1']);
});

test('a key that somebody has is replaced, a refusal for good is taken', async () => {
  const { offer, offered } = offering(answer(409, 'public_key_taken'), answer(403, 'forbidden'));
  offer.look(asking(5));
  await hours();
  expect(offered).toEqual(['key-1', 'key-2']);
});

test('a request that was taken back is not answered any more; nor after the end', async () => {
  const { offer, offered } = offering('away', 'away');
  offer.look(asking(5));
  await jest.advanceTimersByTimeAsync(1);
  offer.look(asking());
  await hours();
  expect(offered).toEqual(['key-1']);
  offer.look(asking(6));
  offer.stop();
  await hours();
  expect(offered).toEqual(['key-1']);
});
