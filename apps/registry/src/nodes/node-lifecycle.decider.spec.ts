import { describe, expect, test } from '@jest/globals';
import type { AnyFact, RemovalReason } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { at, given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import {
  decideDisableNode,
  decideEnableNode,
  decideExpireNode,
  decideLeave,
  decideRemoveNode,
  type ExpireNode,
  type NodeCommand,
  type RemoveNode,
} from './node-lifecycle.decider.js';

const one = [networkCreated(), nodeEnrolled(1)];
const node = (overrides: Partial<NodeCommand> = {}): NodeCommand => ({ ...meta(), nodeId: nodeId(1), ...overrides });
const remove = (reason: RemovalReason, overrides: Partial<RemoveNode> = {}): RemoveNode => ({
  ...node(),
  reason,
  ...overrides,
});
const removed = (reason: RemovalReason): AnyFact => ({ type: 'NodeRemoved', data: { nodeId: nodeId(1), reason } });
const disabled: AnyFact = { type: 'NodeDisabled', data: { nodeId: nodeId(1) } };
const enabled: AnyFact = { type: 'NodeEnabled', data: { nodeId: nodeId(1) } };

describe('disabling and enabling', () => {
  test('there and back; again is no fact', () => {
    const off = given(networkFold, one).when(decideDisableNode, node()).thenFacts(disabled);
    expect(off.answer).toMatchObject({ enabled: false, version: 3 });
    off.thenNothingWhenRepeated();
    const on = given(networkFold, [...one, disabled])
      .when(decideEnableNode, node())
      .thenFacts(enabled);
    expect(on.answer).toMatchObject({ enabled: true, version: 4 });
    on.thenNothingWhenRepeated();
    given(networkFold, one).when(decideEnableNode, node()).thenNothing();
  });

  test.each([
    ['disable', decideDisableNode],
    ['enable', decideEnableNode],
  ])('%s refused: unknown node, lost update', (_what, decide) => {
    given(networkFold, one)
      .when(decide, node({ nodeId: nodeId(9) }))
      .thenRefused('not_found', nodeId(9));
    given(networkFold, one)
      .when(decide, node({ expectedVersion: 9 }))
      .thenRefused('version_mismatch');
  });
});

describe('removing', () => {
  test.each<[RemovalReason]>([['operator'], ['external'], ['left'], ['expired']])(
    'with reason %s; again is no fact',
    (reason) => {
      const { answer, thenNothingWhenRepeated } = given(networkFold, one)
        .when(decideRemoveNode, remove(reason))
        .thenFacts(removed(reason));
      expect(answer).toEqual({ nodeId: nodeId(1) });
      thenNothingWhenRepeated();
    },
  );

  test('a node leaves by itself', () => {
    given(networkFold, one).when(decideLeave, node()).thenFacts(removed('left')).thenNothingWhenRepeated();
  });

  test('a disabled node goes like any other', () => {
    given(networkFold, [...one, disabled])
      .when(decideRemoveNode, remove('operator'))
      .thenFacts(removed('operator'));
  });

  test('refused: unknown node, lost update, no network', () => {
    given(networkFold, one)
      .when(decideRemoveNode, remove('operator', { nodeId: nodeId(9) }))
      .thenRefused('not_found', nodeId(9));
    given(networkFold, one)
      .when(decideRemoveNode, remove('operator', { expectedVersion: 1 }))
      .thenRefused('version_mismatch');
    given(networkFold).when(decideRemoveNode, remove('operator')).thenRefused('not_found');
  });
});

describe('expiring an ephemeral node of a minute', () => {
  const short = [networkCreated(), nodeEnrolled(1, { ephemeralTtl: 60 })];
  const expire = (seconds: number, lastSeen: string | null): ExpireNode => ({
    ...meta({ at: at(seconds) }),
    nodeId: nodeId(1),
    lastSeen,
  });

  test.each<[number, string | null, 'goes' | 'stays']>([
    [60, null, 'goes'],
    [59.999, null, 'stays'],
    [100, at(40), 'goes'],
    [100, at(40.001), 'stays'],
    // Evidence from before it enrolled, or a clock set back, never shortens its time.
    [59, at(-3600), 'stays'],
    [-3600, at(0), 'stays'],
  ])('after %d s, last seen %s: %s', (seconds, lastSeen, outcome) => {
    const when = given(networkFold, short).when(decideExpireNode, expire(seconds, lastSeen));
    if (outcome === 'goes') when.thenFacts(removed('expired')).thenNothingWhenRepeated();
    else when.thenNothing();
  });

  test('refused: a node that is not ephemeral, or unknown', () => {
    given(networkFold, one)
      .when(decideExpireNode, expire(1e6, null))
      .thenRefused('invalid', 'node "node-1" is not ephemeral');
    given(networkFold, [networkCreated()]).when(decideExpireNode, expire(60, null)).thenRefused('not_found');
  });
});
