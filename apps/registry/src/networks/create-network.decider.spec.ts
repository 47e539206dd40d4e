import { describe, expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import { systemFold } from '#topology/system-fold.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkId } from '../../../../test/support/network-facts.js';
import { decideCreateNetwork, type CreateNetwork } from './create-network.decider.js';

const command = (overrides: Partial<CreateNetwork> = {}): CreateNetwork => ({
  ...meta(),
  networkId: networkId(1),
  name: 'prod',
  randomBytes: Uint8Array.of(0x12, 0x34, 0x56, 0x78, 0x9a),
  ...overrides,
});

const listed = (n: number, name: string, cidr: string | null, cidr6: string | null = null): AnyFact => ({
  type: 'NetworkListed',
  data: { networkId: networkId(n), name, cidr, cidr6 },
});

const created = (overrides: Partial<CreateNetwork>, facts: AnyFact[] = []) =>
  decideCreateNetwork(command(overrides), given(systemFold, facts).state).also?.[0]?.facts[0]?.data;

test('a name is enough', () => {
  const { answer } = given(systemFold)
    .when(decideCreateNetwork, command())
    .thenFacts(listed(1, 'prod', '10.90.0.0/16', 'fd12:3456:789a::/64'));
  const settings = {
    networkId: networkId(1),
    name: 'prod',
    cidr: '10.90.0.0/16',
    cidr6: 'fd12:3456:789a::/64',
    model: 'flat',
    mtu: 1420,
    keepalive: 25,
    defaultPolicy: 'allow',
  };
  expect(answer).toMatchObject({ ...settings, nodes: 0, version: 1, createdAt: meta().at });
  const { actor, commandId, at } = meta();
  expect(decideCreateNetwork(command(), systemFold.initialState).also).toEqual([
    {
      stream: networkId(1),
      expectedVersion: 0,
      facts: [{ type: 'NetworkCreated', data: settings, metadata: { actor, commandId, at } }],
    },
  ]);
});

test('everything can be chosen', () => {
  const chosen = {
    cidr: '192.168.8.0/22',
    cidr6: 'fd00:8::/64',
    model: 'island',
    mtu: 1280,
    keepalive: 0,
    defaultPolicy: 'deny',
  } as const;
  expect(created(chosen)).toEqual({ networkId: networkId(1), name: 'prod', ...chosen });
});

test('ranges are written in canonical form', () => {
  expect(created({ cidr6: 'FD00:0008::/64' })).toMatchObject({ cidr6: 'fd00:8::/64' });
});

describe('ranges left out', () => {
  test('the first 10.(90 + i).0.0/16 that nobody has', () => {
    expect(created({}, [listed(2, 'a', '10.90.0.0/16'), listed(3, 'b', '10.91.7.0/24')])).toMatchObject({
      cidr: '10.92.0.0/16',
    });
    expect(created({}, [listed(2, 'a', '10.91.0.0/16')])).toMatchObject({ cidr: '10.90.0.0/16' });
  });

  test('a deleted network frees its range and its name', () => {
    const gone: AnyFact = { type: 'NetworkDelisted', data: { networkId: networkId(2) } };
    expect(created({}, [listed(2, 'prod', '10.90.0.0/16'), gone])).toMatchObject({
      name: 'prod',
      cidr: '10.90.0.0/16',
    });
  });

  test.each([
    ['cidr', { cidr: null, cidr6: 'fd12:3456:789a::/64' }],
    ['cidr6', { cidr: '10.90.0.0/16', cidr6: null }],
  ])('%s none: no such family', (field, expected) => {
    expect(created({ [field]: 'none' })).toMatchObject(expected);
  });
});

describe('refused', () => {
  test.each<[string, Partial<CreateNetwork>, string | RegExp]>([
    ['a name with a space', { name: 'my net' }, 'name must be 1 to 63 lower-case letters'],
    ['a name of 64 characters', { name: 'n'.repeat(64) }, 'name must be 1 to 63'],
    ['an empty name', { name: '' }, 'name must be 1 to 63'],
    ['a wildcard', { name: '*' }, 'name must be 1 to 63'],
    ['capitals', { name: 'Prod' }, 'name must be 1 to 63'],
    ['a hyphen at the end', { name: 'prod-' }, 'name must be 1 to 63'],
    ['neither family', { cidr: 'none', cidr6: 'none' }, 'a network needs one range'],
    ['an MTU below the least of IPv6', { mtu: 1279 }, 'mtu must be a whole number from 1280 to 9000'],
    ['an MTU above jumbo frames', { mtu: 9001 }, 'mtu must be a whole number from 1280 to 9000'],
    ['a fraction', { mtu: 1420.5 }, 'mtu must be a whole number'],
    ['no number', { mtu: NaN }, 'mtu must be a whole number'],
    ['a keepalive out of its field', { keepalive: 65536 }, 'keepalive must be a whole number from 0 to 65535'],
    ['a negative keepalive', { keepalive: -1 }, 'keepalive must be a whole number from 0 to 65535'],
    ['an unknown policy', { defaultPolicy: 'maybe' as 'allow' }, 'defaultPolicy must be one of allow, deny'],
    ['an unknown model', { model: 'mesh' as 'flat' }, 'model must be one of flat, isolated, island, archipelago'],
  ])('%s', (_what, overrides, detail) => {
    given(systemFold).when(decideCreateNetwork, command(overrides)).thenRefused('invalid', detail);
  });

  test('every wrong field is named at once', () => {
    const refusal = given(systemFold)
      .when(decideCreateNetwork, command({ name: '', mtu: 1, keepalive: -1 }))
      .thenRefused('invalid');
    expect(refusal.errors.map(({ field }) => field)).toEqual(['name', 'mtu', 'keepalive']);
  });

  test.each<[Partial<CreateNetwork>, string]>([
    [{ cidr: '10.0.0.256/24' }, '"256" is greater than 255'],
    [{ cidr: '10.0.0.1/24' }, 'did you mean 10.0.0.0/24?'],
    [{ cidr: '10.0.0.0/31' }, '/30 is the smallest IPv4 range'],
    [{ cidr: '10.0.0.0/32' }, '/30 is the smallest IPv4 range'],
    [{ cidr6: 'fd00::/127' }, '/126 is the smallest IPv6 range'],
    [{ cidr6: 'fd00::/128' }, '/126 is the smallest IPv6 range'],
    [{ cidr: 'fd00::/64' }, 'is an IPv6 range where an IPv4 range belongs'],
    [{ cidr: '' }, 'is not a range'],
    [{ cidr: '127.0.0.0/16' }, 'which is loopback'],
  ])('%j', (overrides, detail) => {
    given(systemFold).when(decideCreateNetwork, command(overrides)).thenRefused('cidr_invalid', detail);
  });

  test('the name of the system stream', () => {
    given(systemFold)
      .when(decideCreateNetwork, command({ name: 'system' }))
      .thenRefused('name_reserved', '"system"');
  });

  test('a taken name, naming its owner', () => {
    given(systemFold, [listed(2, 'prod', '10.1.0.0/16')])
      .when(decideCreateNetwork, command())
      .thenRefused('name_taken', `the name "prod" is taken by network ${networkId(2)}`);
  });

  test.each<[Partial<CreateNetwork>, string]>([
    [{ cidr: '10.1.2.0/24' }, '10.1.2.0/24 overlaps 10.1.0.0/16 of network "lab"'],
    [{ cidr: '10.0.0.0/8' }, '10.0.0.0/8 overlaps 10.1.0.0/16 of network "lab"'],
    [{ cidr6: 'fd00:1::/64' }, 'fd00:1::/64 overlaps fd00:1::/48 of network "lab"'],
  ])("another network's range: %j", (overrides, detail) => {
    given(systemFold, [listed(2, 'lab', '10.1.0.0/16', 'fd00:1::/48')])
      .when(decideCreateNetwork, command(overrides))
      .thenRefused('cidr_overlap', detail);
  });
});
