import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Malformed, readCommandEvent } from './command-event.js';

const event = {
  specversion: '1.0',
  id: 'a-1',
  source: '/inventory',
  type: 'tombolo.node.retire',
  data: { network: 'prod', node: 'web' },
};

test('an event of CloudEvents 1.0 is read', () => {
  const whole = { ...event, time: '2026-11-20T12:00:00Z', datacontenttype: 'application/json', traceparent: 'x' };
  expect(readCommandEvent(JSON.stringify(whole))).toEqual({
    ...{ id: 'a-1', type: event.type, data: event.data },
    ...{ source: '/inventory', time: '2026-11-20T12:00:00Z', signature: undefined },
  });
});

describe('what is none is refused with the reason, and with the id where it can be read', () => {
  test.each<[string, string | object, RegExp, string | null]>([
    ['no JSON', '{', /not JSON/, null],
    ['a list', '[]', /not a JSON object/, null],
    ['another version', { ...event, specversion: '0.3' }, /specversion/, 'a-1'],
    ['no id', { ...event, id: undefined }, /1\.0|id/, null],
    ['an empty id', { ...event, id: '' }, /255 characters/, null],
    ['a number as id', { ...event, id: 5 }, /id|1\.0/, null],
    ['a long id', { ...event, id: 'x'.repeat(256) }, /255 characters/, null],
    ['no source', { ...event, source: undefined }, /source/, 'a-1'],
    ['no type', { ...event, type: undefined }, /type/, 'a-1'],
    ['a bad time', { ...event, time: 'yesterday' }, /time/, 'a-1'],
    ['a bad extension', { ...event, 'Bad-Name': 1 }, /1\.0/, 'a-1'],
    ['no data', { ...event, data: undefined }, /data must be a JSON object/, 'a-1'],
    ['a list as data', { ...event, data: [] }, /data must be a JSON object/, 'a-1'],
    ['other content', { ...event, datacontenttype: 'text/xml' }, /application\/json/, 'a-1'],
    ['infinity', JSON.stringify(event).replace('"web"', '1e999'), /finite/, 'a-1'],
  ])('%s', (_, message, reason, id) => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    expect(() => readCommandEvent(text)).toThrow(reason);
    try {
      readCommandEvent(text);
    } catch (error) {
      expect(error).toBeInstanceOf(Malformed);
      expect((error as Malformed).id).toBe(id);
    }
  });
});

test('whatever is sent is read or refused, never anything else', () => {
  const field = fc.oneof(fc.json(), fc.string(), fc.constant(undefined));
  const mutated = fc
    .record({ specversion: field, id: field, type: field, source: field, data: fc.anything(), time: field })
    .map((fields) => {
      try {
        return JSON.stringify({ ...event, ...fields });
      } catch {
        return '';
      }
    });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
      try {
        expect(typeof readCommandEvent(text).id).toBe('string');
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }),
    { numRuns: 500 },
  );
});
