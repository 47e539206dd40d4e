import { describe, expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import type { SourceCommand } from '#contracts/sources.js';
import { systemFold } from '#topology/system-fold.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkId, tokenId } from '../../../../test/support/network-facts.js';
import { type CreateSource, decideCreateSource, decideRevokeSource, MOST_SOURCES } from './source.decider.js';

const listed = (n: number, name: string): AnyFact => ({
  type: 'NetworkListed',
  data: { networkId: networkId(n), name, cidr: null, cidr6: null },
});
const networks = [listed(1, 'prod'), listed(2, 'lab')];
const created = (n: number, name: string): AnyFact => ({
  type: 'SourceCreated',
  data: { sourceId: tokenId(n), name, account: `A${n}`, networks: [networkId(1)], allow: ['node.retire'] },
});
const revoked = (n: number): AnyFact => ({ type: 'SourceRevoked', data: { sourceId: tokenId(n) } });
const create = (overrides: Partial<CreateSource> = {}): CreateSource => ({
  ...meta(),
  sourceId: tokenId(1),
  name: 'cmdb',
  account: 'A1',
  networks: [networkId(1)],
  allow: ['node.retire'],
  ...overrides,
});

test('a source is made with its rights, sorted and once each', () => {
  const allow: SourceCommand[] = ['node.retire', 'cluster.report', 'node.retire'];
  const { answer } = given(systemFold, networks)
    .when(decideCreateSource, create({ allow, networks: [networkId(2), networkId(1), networkId(2)] }))
    .thenFacts({
      type: 'SourceCreated',
      data: {
        sourceId: tokenId(1),
        name: 'cmdb',
        account: 'A1',
        networks: [networkId(1), networkId(2)],
        allow: ['cluster.report', 'node.retire'],
      },
    });
  expect(answer).toEqual({
    sourceId: tokenId(1),
    name: 'cmdb',
    networks: [
      { networkId: networkId(2), name: 'lab' },
      { networkId: networkId(1), name: 'prod' },
    ],
    allow: ['cluster.report', 'node.retire'],
    publicKey: null,
    revoked: false,
    createdAt: meta().at,
    version: 3,
  });
});

describe('refused', () => {
  test.each<[string, Partial<CreateSource>, string, RegExp]>([
    ['a bad name', { name: '*' }, 'invalid', /name must be/],
    ['no network', { networks: [] }, 'invalid', /networks must have/],
    ['a network that is not there', { networks: [networkId(9)] }, 'not_found', /no network/],
    ['no command', { allow: [] }, 'invalid', /allow must have/],
    ['an unknown command', { allow: ['node.explode' as SourceCommand] }, 'invalid', /allow must be one of node\.offer/],
    ['a taken name', { name: 'taken' }, 'name_taken', /taken by another source/],
    ['the name of a revoked source', { name: 'gone' }, 'name_taken', /never given again/],
  ])('%s', (_, overrides, code, detail) => {
    given(systemFold, [...networks, created(2, 'taken'), created(3, 'gone'), revoked(3)])
      .when(decideCreateSource, create(overrides))
      .thenRefused(code as 'invalid', detail);
  });

  test('one too many, until one is revoked', () => {
    const full = [...networks, ...Array.from({ length: MOST_SOURCES }, (_, n) => created(n + 2, `s-${n}`))];
    given(systemFold, full)
      .when(decideCreateSource, create())
      .thenRefused('invalid', /revoke one first/);
    given(systemFold, [...full, revoked(2)])
      .when(decideCreateSource, create({ sourceId: tokenId(1) }))
      .thenFacts(created(1, 'cmdb'));
  });
});

test('revoking: once; again is no fact; an unknown one is refused', () => {
  const history = [...networks, created(1, 'cmdb')];
  given(systemFold, history)
    .when(decideRevokeSource, { ...meta(), sourceId: tokenId(1) })
    .thenFacts(revoked(1))
    .thenNothingWhenRepeated();
  given(systemFold, history)
    .when(decideRevokeSource, { ...meta(), sourceId: tokenId(9) })
    .thenRefused('not_found');
});
