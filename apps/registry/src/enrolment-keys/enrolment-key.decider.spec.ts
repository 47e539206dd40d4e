import { describe, expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { at, given, meta } from '../../../../test/support/given.js';
import {
  keyCreated,
  keyId,
  networkCreated,
  nodeEnrolled,
  SECRET_HASH,
} from '../../../../test/support/network-facts.js';
import {
  decideCreateEnrolmentKey,
  decideRevokeEnrolmentKey,
  type CreateEnrolmentKey,
  type RevokeEnrolmentKey,
} from './enrolment-key.decider.js';

const DAY = 86_400;
const create = (overrides: Partial<CreateEnrolmentKey> = {}): CreateEnrolmentKey => ({
  ...meta(),
  keyId: keyId(1),
  secretHash: SECRET_HASH,
  ...overrides,
});
const revoke = (overrides: Partial<RevokeEnrolmentKey> = {}): RevokeEnrolmentKey => ({
  ...meta(),
  keyId: keyId(1),
  ...overrides,
});
const revoked: AnyFact = { type: 'EnrolmentKeyRevoked', data: { keyId: keyId(1) } };

describe('creating', () => {
  test('without limits: any number of nodes, for a day', () => {
    const { answer } = given(networkFold, [networkCreated()])
      .when(decideCreateEnrolmentKey, create())
      .thenFacts(keyCreated({ expiresAt: at(DAY) }));
    expect(answer).toMatchObject({
      keyId: keyId(1),
      uses: null,
      used: 0,
      revoked: false,
      expiresAt: at(DAY),
      version: 2,
    });
    expect(JSON.stringify(answer)).not.toContain(SECRET_HASH);
  });

  test('with everything, in canonical form', () => {
    given(networkFold, [networkCreated()])
      .when(
        decideCreateEnrolmentKey,
        create({
          uses: 10,
          expiresAt: '2026-06-01T14:00:00+01:00',
          ephemeralTtl: 900,
          labels: { a: 'b' },
          site: 'oslo',
        }),
      )
      .thenFacts(keyCreated({ uses: 10, expiresAt: at(3600), ephemeralTtl: 900, labels: { a: 'b' }, site: 'oslo' }));
  });

  test.each<[Partial<CreateEnrolmentKey>]>([
    [{ uses: 1 }],
    [{ uses: 1_000_000 }],
    [{ ephemeralTtl: 60 }],
    [{ expiresAt: at(1) }],
    [{ expiresAt: at(366 * DAY) }],
    [{ expiresAt: null }],
  ])('at the edge: %j', (overrides) => {
    given(networkFold, [networkCreated()])
      .when(decideCreateEnrolmentKey, create(overrides))
      .thenFacts(keyCreated({ expiresAt: at(DAY), ...overrides }));
  });

  test.each<[Partial<CreateEnrolmentKey>, string]>([
    [{ uses: 0 }, 'uses must be a whole number from 1 to 1000000'],
    [{ uses: 1_000_001 }, 'uses must be a whole number from 1 to 1000000'],
    [{ uses: 1.5 }, 'uses must be'],
    [{ expiresAt: at(0) }, 'expiresAt must lie in the future'],
    [{ expiresAt: at(-60) }, 'expiresAt must lie in the future'],
    [{ expiresAt: at(367 * DAY) }, 'expiresAt must be at most a year away'],
    [{ expiresAt: 'tomorrow' }, 'expiresAt must be a time such as'],
    [{ ephemeralTtl: 59 }, 'ephemeralTtl must be a whole number from 60'],
    [{ labels: { 'a b': 'c' } }, 'labels has a key'],
    [{ site: 'a b' }, 'site must be'],
  ])('refused: %j', (overrides, detail) => {
    given(networkFold, [networkCreated()])
      .when(decideCreateEnrolmentKey, create(overrides))
      .thenRefused('invalid', detail);
  });

  test('refused without a network', () => {
    given(networkFold).when(decideCreateEnrolmentKey, create()).thenRefused('not_found');
  });
});

describe('revoking', () => {
  test('once; again is no fact', () => {
    const { answer, thenNothingWhenRepeated } = given(networkFold, [networkCreated(), keyCreated()])
      .when(decideRevokeEnrolmentKey, revoke({ expectedVersion: 2 }))
      .thenFacts(revoked);
    expect(answer).toMatchObject({ revoked: true, version: 3 });
    thenNothingWhenRepeated();
  });

  test('refused: unknown, or used since it was read', () => {
    given(networkFold, [networkCreated()])
      .when(decideRevokeEnrolmentKey, revoke())
      .thenRefused('not_found', `network "prod" has no enrolment key with id ${keyId(1)}`);
    given(networkFold, [networkCreated(), keyCreated(), nodeEnrolled(1)])
      .when(decideRevokeEnrolmentKey, revoke({ expectedVersion: 2 }))
      .thenRefused('version_mismatch');
  });
});
