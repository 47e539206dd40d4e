import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * A JSON object whose list is made while it is sent, one item at a time: an answer may be larger than memory bears, and
 * other requests are served in between.
 */
export function jsonStream(head: object, list: string, items: Iterable<unknown>): Readable {
  return Readable.from(texts(head, list, items), { highWaterMark: 1 });
}

async function* texts(head: object, list: string, items: Iterable<unknown>): AsyncGenerator<string> {
  const opening = JSON.stringify(head).slice(0, -1);
  yield `${opening}${opening === '{' ? '' : ','}${JSON.stringify(list)}:[`;
  let separator = '';
  for (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ',';
    await nextTurn();
  }
  yield ']}';
}
