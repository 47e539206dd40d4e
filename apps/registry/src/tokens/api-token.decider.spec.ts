import { describe, expect, test } from '@jest/globals';
import type { AnyFact, ApiRole } from '#contracts/facts.js';
import { systemFold } from '#topology/system-fold.js';
import { given, meta } from '../../../../test/support/given.js';
import { SECRET_HASH, tokenId } from '../../../../test/support/network-facts.js';
import { decideCreateApiToken, decideRevokeApiToken, type CreateApiToken } from './api-token.decider.js';

const created = (n: number, name: string, role: ApiRole = 'admin'): AnyFact => ({
  type: 'ApiTokenCreated',
  data: { tokenId: tokenId(n), name, secretHash: SECRET_HASH, role },
});
const revoked = (n: number): AnyFact => ({ type: 'ApiTokenRevoked', data: { tokenId: tokenId(n) } });
const create = (overrides: Partial<CreateApiToken> = {}): CreateApiToken => ({
  ...meta(),
  tokenId: tokenId(1),
  name: 'ops',
  secretHash: SECRET_HASH,
  role: 'admin',
  ...overrides,
});
const revoke = (n: number, expectedVersion?: number) => ({ ...meta(), tokenId: tokenId(n), expectedVersion });

describe('creating', () => {
  test.each<[ApiRole]>([['admin'], ['operator'], ['viewer']])('a token for %s', (role) => {
    const { answer } = given(systemFold)
      .when(decideCreateApiToken, create({ role }))
      .thenFacts(created(1, 'ops', role));
    expect(answer).toEqual({
      tokenId: tokenId(1),
      name: 'ops',
      role,
      revoked: false,
      createdAt: meta().at,
      version: 1,
    });
  });

  test('the name of a revoked token is free', () => {
    given(systemFold, [created(1, 'root'), created(2, 'ops'), revoked(2)])
      .when(decideCreateApiToken, create({ tokenId: tokenId(3) }))
      .thenFacts(created(3, 'ops'));
  });

  test('refused: taken name, bad name, unknown role', () => {
    given(systemFold, [created(2, 'ops')])
      .when(decideCreateApiToken, create())
      .thenRefused('name_taken', `the name "ops" is taken by token ${tokenId(2)}`);
    given(systemFold)
      .when(decideCreateApiToken, create({ name: 'a/b' }))
      .thenRefused('invalid', 'name must be');
    given(systemFold)
      .when(decideCreateApiToken, create({ role: 'root' as ApiRole }))
      .thenRefused('invalid', 'role must be one of admin, operator, viewer');
  });
});

describe('revoking', () => {
  test('once; again is no fact', () => {
    const { answer, thenNothingWhenRepeated } = given(systemFold, [created(1, 'root'), created(2, 'ops')])
      .when(decideRevokeApiToken, revoke(2, 2))
      .thenFacts(revoked(2));
    expect(answer).toMatchObject({ tokenId: tokenId(2), revoked: true, version: 3 });
    thenNothingWhenRepeated();
  });

  test('the last admin stays', () => {
    const history = [created(1, 'root'), created(2, 'ops', 'operator'), created(3, 'old'), revoked(3)];
    given(systemFold, history)
      .when(decideRevokeApiToken, revoke(1))
      .thenRefused('last_admin', '"root" is the last admin token; make another before you revoke it');
    given(systemFold, history).when(decideRevokeApiToken, revoke(2)).thenFacts(revoked(2));
  });

  test('refused: unknown, lost update', () => {
    given(systemFold).when(decideRevokeApiToken, revoke(1)).thenRefused('not_found', tokenId(1));
    given(systemFold, [created(1, 'a'), created(2, 'b')])
      .when(decideRevokeApiToken, revoke(1, 2))
      .thenRefused('version_mismatch');
  });
});
