import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import { createSealKeys, NodeSealer, SealOpener } from './node-seal.js';

const controller = createSealKeys();
const node = createSealKeys();
const opener = new SealOpener('n1', { privateKey: node.privateKey, controllerKey: controller.publicKey });
const head = `d.1.2.3.${'0'.repeat(32)}`;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

test('what is sealed for a node opens there, whatever it is', () => {
  const sealer = new NodeSealer(controller.privateKey);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string(), (body, text) => {
      expect(opener.open(text, sealer.seal('n1', node.publicKey, text, body))).toEqual(Buffer.from(body));
    }),
  );
});

test('keys made by tweetnacl serve on both sides', () => {
  const box = nacl.box.keyPair();
  const sealed = new NodeSealer(controller.privateKey).seal('n1', base64(box.publicKey), head, Buffer.from('body'));
  const keys = { privateKey: base64(box.secretKey), controllerKey: controller.publicKey };
  expect(new SealOpener('n1', keys).open(head, sealed)?.toString()).toBe('body');
});

test('thousands of pairs are made one after the other, whatever is collected meanwhile', () => {
  // Where Node waits for itself, this never ends.
  const made = Array.from({ length: 4_000 }, () => createSealKeys());
  expect(new Set(made.flatMap(({ publicKey, privateKey }) => [publicKey, privateKey])).size).toBe(8_000);
});

test('any changed byte, another head, node or controller: it stays shut', () => {
  const sealed = new NodeSealer(controller.privateKey).seal('n1', node.publicKey, head, Buffer.from('body'));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(opener.open(head, changed)).toBeUndefined();
  }
  for (let length = 0; length < sealed.length; length++)
    expect(opener.open(head, sealed.subarray(0, length))).toBeUndefined();
  expect(opener.open(head.replace('d.1', 'd.2'), sealed)).toBeUndefined();
  const asOther = new SealOpener('n2', { privateKey: node.privateKey, controllerKey: controller.publicKey });
  expect(asOther.open(head, sealed)).toBeUndefined();
  const another = new NodeSealer(createSealKeys().privateKey).seal('n1', node.publicKey, head, Buffer.from('body'));
  expect(opener.open(head, another)).toBeUndefined();
});

test('the same body never looks the same twice, also after the pool of nonces is used up', () => {
  const sealer = new NodeSealer(controller.privateKey);
  const nonces = new Set<string>();
  for (let n = 0; n < 3_000; n++)
    nonces.add(sealer.seal('n1', node.publicKey, head, Buffer.from('body')).toString('hex', 0, 12));
  expect(nonces.size).toBe(3_000);
});

test('a node that made a new control key is sealed for anew', () => {
  const sealer = new NodeSealer(controller.privateKey);
  sealer.seal('n1', createSealKeys().publicKey, head, Buffer.from('old'));
  expect(opener.open(head, sealer.seal('n1', node.publicKey, head, Buffer.from('new')))?.toString()).toBe('new');
});

test.each([
  ['31 bytes', base64(new Uint8Array(31).fill(1))],
  ['nothing', ''],
  ['all zero', base64(new Uint8Array(32))],
])('a control key that is none is refused: %s', (_, controlKey) => {
  expect(() => new NodeSealer(controller.privateKey).seal('n1', controlKey, head, Buffer.from('body'))).toThrow();
});
