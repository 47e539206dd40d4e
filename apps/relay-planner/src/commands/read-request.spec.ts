import { expect, test } from '@jest/globals';
import { nodeId, networkId } from '../../../../test/support/network-facts.js';
import { refusalOf } from '../../../../test/support/given.js';
import { readRequest } from './read-request.js';

const request = {
  networkId: networkId(1),
  fingerprint: 'f',
  meta: { commandId: 'c', actor: 'token/ops' },
  body: { nodeId: nodeId(1), capacity: 5 },
};

test('a request comes through as it is', () => {
  expect(readRequest('relay.set', request)).toEqual(request);
});

test.each<[string, unknown, string]>([
  ['nothing', null, 'networkId'],
  ['a network that is none', { ...request, networkId: 'prod' }, 'networkId'],
  ['no command id', { ...request, meta: { actor: 'a' } }, 'meta.commandId'],
  ['a version that is a text', { ...request, meta: { ...request.meta, expectedVersion: '3' } }, 'meta.expectedVersion'],
  ['a node that is none', { ...request, body: { nodeId: 'a' } }, 'body.nodeId'],
  ['half a node', { ...request, body: { ...request.body, capacity: 0.5 } }, 'body.capacity'],
  ['a field too many', { ...request, body: { ...request.body, force: true } }, 'body.force'],
])('%s is refused, and the field named', (_what, wrong, field) => {
  const refusal = refusalOf(() => readRequest('relay.set', wrong));
  expect(refusal.code).toBe('invalid');
  expect(refusal.errors.map((error) => error.field)).toContain(field);
});
