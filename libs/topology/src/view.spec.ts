import { expect, test } from '@jest/globals';
import { given } from '../../../test/support/given.js';
import {
  keyCreated,
  keyId,
  networkCreated,
  nodeEnrolled,
  nodeId,
  nodeRecord,
  SECRET_HASH,
} from '../../../test/support/network-facts.js';
import { networkFold } from './network-fold.js';
import { enrolmentKeyView, networkView, nodeView, tokenView } from './view.js';

const { state } = given(networkFold, [networkCreated({ cidr6: null }), keyCreated(), nodeEnrolled(1)]);

test('a network shows its settings and how full it is', () => {
  expect(networkView(state)).toMatchObject({
    name: 'prod',
    cidr: '10.90.0.0/16',
    nodes: 1,
    addresses: { v4: { capacity: 65534, held: 1, released: 0 }, v6: null },
    version: 1,
  });
  expect(networkView(networkFold.initialState)).toBeUndefined();
});

test('views hold no hash of a secret and no key that is not for people', () => {
  const { controlKey, natsKey, publicKey } = nodeRecord(1);
  const node = JSON.stringify(nodeView(state.nodes.get(nodeId(1))!));
  expect(node).toContain(publicKey);
  expect(node).not.toContain(controlKey);
  expect(node).not.toContain(natsKey);
  const key = enrolmentKeyView(state.keys.get(keyId(1))!);
  expect(key).toMatchObject({ keyId: keyId(1), used: 1, revoked: false });
  const token = { tokenId: 't', name: 'ops', role: 'admin', revoked: false, createdAt: '', version: 1 } as const;
  expect(JSON.stringify([key, tokenView({ ...token, secretHash: SECRET_HASH })])).not.toContain(SECRET_HASH);
  expect(tokenView({ ...token, secretHash: SECRET_HASH })).toEqual(token);
});
