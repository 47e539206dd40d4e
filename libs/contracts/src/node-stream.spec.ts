import { digestOf, parseHead, formatHead } from '#contracts/node-stream.js';
test('head round trip', () => {
  const head = { kind: 'delta' as const, epoch: 1, revision: 2, logVersion: 3, digest: '0'.repeat(32) };
  expect(parseHead(formatHead(head))).toEqual(head);
  expect(digestOf([])).toBe(0n);
});
