import { expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import { at, given } from '../../../test/support/given.js';
import { networkId, SECRET_HASH, tokenId } from '../../../test/support/network-facts.js';
import { systemFold } from './system-fold.js';

const listed: AnyFact = {
  type: 'NetworkListed',
  data: { networkId: networkId(1), name: 'prod', cidr: '10.90.0.0/16', cidr6: null },
};
const token: AnyFact = {
  type: 'ApiTokenCreated',
  data: { tokenId: tokenId(1), name: 'ops', secretHash: SECRET_HASH, role: 'admin' },
};
const source: AnyFact = {
  type: 'SourceCreated',
  data: { sourceId: tokenId(5), name: 'cmdb', account: 'A', networks: [networkId(1)], allow: ['node.retire'] },
};
const rejected: AnyFact = {
  type: 'CommandRejected',
  data: { actor: 'key/x', command: 'EnrolNode', code: 'key_expired', network: null },
};
const state = (...facts: AnyFact[]) => given(systemFold, facts).state;

test('networks are listed and found by name until they are delisted', () => {
  expect(state(listed).networks.get(networkId(1))).toEqual(listed.data);
  expect(state(listed).networkIdByName.get('prod')).toBe(networkId(1));
  const gone = state(listed, { type: 'NetworkDelisted', data: { networkId: networkId(1) } });
  expect([gone.networks.size, gone.networkIdByName.size, gone.version]).toEqual([0, 0, 2]);
});

test('tokens are found by hash until they are revoked, and stay listed', () => {
  const { tokens, tokenIdByHash } = state(token);
  expect(tokens.get(tokenId(1))).toEqual({ ...token.data, revoked: false, createdAt: at(0), version: 1 });
  expect(tokenIdByHash.get(SECRET_HASH)).toBe(tokenId(1));
  const after = state(token, { type: 'ApiTokenRevoked', data: { tokenId: tokenId(1) } });
  expect(after.tokens.get(tokenId(1))).toMatchObject({ revoked: true, version: 2 });
  expect(after.tokenIdByHash.size).toBe(0);
});

test('sources are found by name, also revoked ones', () => {
  const { sources, sourceIdByName } = state(source);
  expect(sources.get(tokenId(5))).toEqual({ ...source.data, revoked: false, createdAt: at(0), version: 1 });
  expect(sourceIdByName.get('cmdb')).toBe(tokenId(5));
  const after = state(source, { type: 'SourceRevoked', data: { sourceId: tokenId(5) } });
  expect(after.sources.get(tokenId(5))).toMatchObject({ revoked: true, version: 2 });
  expect(after.sourceIdByName.get('cmdb')).toBe(tokenId(5));
});

test.each<AnyFact>([
  rejected,
  { type: 'SourceRevoked', data: { sourceId: tokenId(9) } },
  { type: 'NetworkDelisted', data: { networkId: networkId(9) } },
  { type: 'ApiTokenRevoked', data: { tokenId: tokenId(9) } },
  { type: 'UserInvited', data: {} } as unknown as AnyFact,
])('$type about what is not there raises the version and nothing else', (stray) => {
  const before = state(listed, token);
  expect(systemFold.toJson(state(listed, token, stray))).toEqual({
    ...(systemFold.toJson(before) as object),
    version: 3,
  });
});

test('a snapshot is the state', () => {
  const revoked: AnyFact = { type: 'ApiTokenRevoked', data: { tokenId: tokenId(1) } };
  const second: AnyFact = { ...token, data: { ...token.data, tokenId: tokenId(2), secretHash: 'other' } } as AnyFact;
  const full = state(listed, token, revoked, second, source);
  const back = systemFold.fromJson(JSON.parse(JSON.stringify(systemFold.toJson(full))));
  for (const field of ['networks', 'networkIdByName', 'tokens', 'tokenIdByHash', 'sources', 'sourceIdByName'] as const)
    expect(back[field].toJS()).toEqual(full[field].toJS());
  expect(back.version).toBe(full.version);
});
