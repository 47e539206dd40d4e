import { describe, expect, test } from '@jest/globals';
import { allocate, poolToJson } from '#ipam/pool.js';
import type { AnyFact, NewFact } from '#contracts/facts.js';
import { at, fact, given } from '../../../test/support/given.js';
import {
  keyCreated,
  keyId,
  natsKey,
  networkCreated,
  nodeEnrolled,
  nodeId,
  nodeRecord,
  nodeRemoved,
  wireguardKey,
} from '../../../test/support/network-facts.js';
import { networkFold } from './network-fold.js';

const state = (...facts: (AnyFact | NewFact)[]) => given(networkFold, facts).state;
const changed = (n: number, changes: object): AnyFact => ({
  type: 'NodeChanged',
  data: { nodeId: nodeId(n), changes },
});

describe('a network', () => {
  test('comes with its settings and pools', () => {
    const { network, pool4, pool6, version } = state(networkCreated());
    expect(network).toEqual({ ...networkCreated().data, createdAt: at(0), version: 1 });
    expect([allocate(pool4!, at(0)), allocate(pool6!, at(0))]).toEqual(['10.90.0.1', 'fd00:90::1']);
    expect(version).toBe(1);
  });

  test('of one family has one pool', () => {
    const { pool4, pool6 } = state(networkCreated({ cidr: null }));
    expect(pool4).toBeNull();
    expect(pool6).not.toBeNull();
  });

  test('changes', () => {
    const { network } = state(networkCreated(), { type: 'NetworkChanged', data: { changes: { mtu: 1380 } } });
    expect(network).toMatchObject({ mtu: 1380, keepalive: 25, version: 2 });
  });

  test('goes, keys and pools with it', () => {
    const { network, keys, pool4, pool6, version } = state(networkCreated(), keyCreated(), {
      type: 'NetworkDeleted',
      data: { networkId: 'n', name: 'prod' },
    });
    expect([network, keys.size, pool4, pool6, version]).toEqual([null, 0, null, null, 3]);
  });
});

describe('an enrolled node', () => {
  const enrolled = state(networkCreated(), keyCreated(), nodeEnrolled(1));

  test('is found by id, name and keys, and holds its addresses', () => {
    const node = { ...nodeRecord(1), enabled: true, enrolledAt: at(0), version: 3 };
    expect(enrolled.nodes.toJS()).toEqual({ [nodeId(1)]: node });
    const { nodeIdByName, nodeIdByPublicKey, nodeIdByControlKey, nodeIdByNatsKey } = enrolled;
    expect(nodeIdByName.get('node-1')).toBe(nodeId(1));
    expect(nodeIdByPublicKey.get(node.publicKey)).toBe(nodeId(1));
    expect(nodeIdByControlKey.get(node.controlKey)).toBe(nodeId(1));
    expect(nodeIdByNatsKey.get(node.natsKey)).toBe(nodeId(1));
    expect(allocate(enrolled.pool4!, at(0))).toBe('10.90.0.2');
    expect(allocate(enrolled.pool6!, at(0))).toBe('fd00:90::2');
  });

  test('counts as a use of its key', () => {
    expect(enrolled.keys.get(keyId(1))).toMatchObject({ used: 1, version: 3 });
  });

  test('can be renamed: the old name is free', () => {
    const { nodeIdByName, nodes } = state(networkCreated(), nodeEnrolled(1), changed(1, { name: 'db', site: 'oslo' }));
    expect(nodeIdByName.toJS()).toEqual({ db: nodeId(1) });
    expect(nodes.get(nodeId(1))).toMatchObject({ name: 'db', site: 'oslo', version: 3 });
  });

  test('can rotate its key: the old key is free', () => {
    const { nodeIdByPublicKey, nodes } = state(networkCreated(), nodeEnrolled(1), {
      type: 'NodeKeyRotated',
      data: { nodeId: nodeId(1), publicKey: wireguardKey(7) },
    });
    expect(nodeIdByPublicKey.toJS()).toEqual({ [wireguardKey(7)]: nodeId(1) });
    expect(nodes.get(nodeId(1))?.publicKey).toBe(wireguardKey(7));
  });

  test('is disabled and enabled', () => {
    const disabled: AnyFact = { type: 'NodeDisabled', data: { nodeId: nodeId(1) } };
    const enabled: AnyFact = { type: 'NodeEnabled', data: { nodeId: nodeId(1) } };
    expect(state(nodeEnrolled(1), disabled).nodes.get(nodeId(1))).toMatchObject({ enabled: false, version: 2 });
    expect(state(nodeEnrolled(1), disabled, enabled).nodes.get(nodeId(1))).toMatchObject({ enabled: true, version: 3 });
  });
});

describe('a removed node', () => {
  const gone = state(networkCreated(), keyCreated(), nodeEnrolled(1), nodeEnrolled(2), fact(nodeRemoved(1), at(60)));

  test('leaves name, keys and indexes at once', () => {
    expect(gone.nodes.has(nodeId(1))).toBe(false);
    const { nodeIdByName, nodeIdByPublicKey, nodeIdByControlKey, nodeIdByNatsKey } = gone;
    for (const index of [nodeIdByName, nodeIdByPublicKey, nodeIdByControlKey, nodeIdByNatsKey])
      expect([...index.values()]).toEqual([nodeId(2)]);
  });

  test('leaves its addresses after a day', () => {
    expect(allocate(gone.pool4!, at(60 + 86_399))).toBe('10.90.0.3');
    expect(allocate(gone.pool4!, at(60 + 86_400))).toBe('10.90.0.1');
    expect(allocate(gone.pool6!, at(60 + 86_400))).toBe('fd00:90::1');
  });

  test('is remembered while its credentials may live, and forgotten later', () => {
    expect(gone.removedNodes.toArray()).toEqual([[nodeId(1), { natsKey: natsKey(1), at: at(60) }]]);
    const later = state(nodeEnrolled(1), nodeEnrolled(2), nodeRemoved(1), fact(nodeRemoved(2), at(9 * 86_400)));
    expect([...later.removedNodes.keys()]).toEqual([nodeId(2)]);
  });

  test('its key keeps the use', () => {
    expect(gone.keys.get(keyId(1))?.used).toBe(2);
  });
});

describe('facts about what is not there', () => {
  test.each<AnyFact>([
    changed(9, { name: 'x' }),
    { type: 'NodeKeyRotated', data: { nodeId: nodeId(9), publicKey: wireguardKey(9) } },
    { type: 'NodeDisabled', data: { nodeId: nodeId(9) } },
    { type: 'NodeEnabled', data: { nodeId: nodeId(9) } },
    nodeRemoved(9),
    { type: 'EnrolmentKeyRevoked', data: { keyId: keyId(9) } },
    { type: 'OfALaterRelease', data: {} } as unknown as AnyFact,
  ])('$type raises the version and nothing else', (stray) => {
    const before = state(networkCreated(), keyCreated(), nodeEnrolled(1));
    const after = state(networkCreated(), keyCreated(), nodeEnrolled(1), stray);
    expect(networkFold.toJson(after)).toEqual({ ...(networkFold.toJson(before) as object), version: 4 });
  });

  test('a network that was never created stays none', () => {
    const { network, pool4, version } = state(
      { type: 'NetworkChanged', data: { changes: { mtu: 1300 } } },
      nodeEnrolled(1),
    );
    expect([network, pool4, version]).toEqual([null, null, 2]);
  });
});

test('older states stay as they were', () => {
  const before = state(networkCreated(), keyCreated(), nodeEnrolled(1));
  const json = JSON.stringify(networkFold.toJson(before));
  const removal = { ...fact(nodeRemoved(1)), stream: 's', version: 4, hash: '', recordedAt: at(0) };
  const after = networkFold.evolve(before, removal);
  expect(after.nodes.size).toBe(0);
  expect(JSON.stringify(networkFold.toJson(before))).toBe(json);
  expect(poolToJson(before.pool4!)).not.toEqual(poolToJson(after.pool4!));
});
