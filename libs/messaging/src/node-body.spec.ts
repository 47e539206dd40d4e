import fc from 'fast-check';
import { packBody, unpackBody } from './node-body.js';

const encoder = new TextEncoder();

test('what is packed comes back the same', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(unpackBody(Buffer.from(packBody(encoder.encode(json))))).toBe(json);
    }),
  );
});

test('a join’s body shrinks to a half', () => {
  const json = JSON.stringify({
    upserts: [
      {
        name: 'peer/01a1fcbc-0ee4-7279-a6d8-9248c56307ac',
        node: 'web-17',
        publicKey: 'YNVxkp1QbN0ZbCkC4kGCl6AXJ3cUwkqkBEpJ4EbHd2I=',
        allowedIps: ['10.90.3.17/32', 'fd55:ba39:ce6e::311/128'],
        endpoint: '203.0.113.77:51820',
      },
    ],
    removed: [],
  });
  expect(packBody(encoder.encode(json)).length).toBeLessThan(json.length / 2 + 10);
});

test('a plain body is taken as it is; a damaged packed one is nothing', () => {
  expect(unpackBody(Buffer.from('{"a":1}'))).toBe('{"a":1}');
  const packed = Buffer.from(packBody(encoder.encode('{"upserts":[]}')));
  expect(unpackBody(packed.subarray(0, packed.length - 3))).toBeUndefined();
  expect(unpackBody(Buffer.from([1, 255, 255, 255]))).toBeUndefined();
});
