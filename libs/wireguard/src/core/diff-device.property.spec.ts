import fc from 'fast-check';
import { KernelModel } from '../memory/kernel-model.js';
import { desired as desiredOf, ownInterface } from '../testing/fixtures.js';
import type { DesiredDevice, DesiredPeer } from './desired-device.js';
import { diffDevice } from './diff-device.js';
import { firewallDigest } from './firewall/render-firewall.js';
import type { RoutingRule } from './full-tunnel.js';
import { SYSCTL_KEYS } from './sysctls.js';
import type { ObservedDevice, ObservedPeer } from './observed-device.js';

const keys = Array.from({ length: 8 }, (_, i) => `${String.fromCharCode(65 + i).repeat(42)}A=`);
const OWN = `${'z'.repeat(42)}A=`;
const prefixes = Array.from({ length: 12 }, (_, i) => `10.90.0.${i}/32`);
const ranges = ['10.90.0.0/16', '10.91.0.0/16', 'fd12::/64'];
const hosts = ['10.90.0.1/32', '10.90.0.2/32', 'fd12::1/128'];
const endpoints = ['192.0.2.1:51820', '[2001:db8::1]:51820'];

/** Peers of which no two have a prefix in common: prefix i belongs to the peer that owners[i] says. */
const ownership = fc.array(fc.option(fc.nat({ max: keys.length - 1 }), { nil: undefined }), {
  minLength: prefixes.length,
  maxLength: prefixes.length,
});
const owned = (owners: (number | undefined)[], peer: number) => prefixes.filter((_, i) => owners[i] === peer).sort();

/** What a node with gateways needs beside its interface, or nothing of it. */
const needs = [false, true].flatMap((forward) =>
  [null, 'accept' as const, 'drop' as const].flatMap((verdict) =>
    [null, ['192.0.2.7/32'], ['192.0.2.7/32', '2001:db8::/32']].map((outside) => {
      const filter = { name: 'filter/x' as const, sources: ['10.0.0.0/8'], destinations: ['0.0.0.0/0'] };
      const { fwmark, fullTunnel, firewall, sysctls } = desiredOf([
        ownInterface(forward ? { forward } : {}),
        ...(verdict ? [{ ...filter, verdict }] : []),
        ...(outside ? [{ name: 'internet' as const, outside }] : []),
      ]);
      return { fwmark, fullTunnel, firewall, sysctls };
    }),
  ),
);
const machines = fc.constantFrom(...needs);
const tables = needs.map(({ firewall }) => firewall && { digest: firewallDigest(firewall), counters: {} });

const heldRules: RoutingRule[] = [
  { family: 4, kind: 'outside', to: '192.0.2.7/32' },
  { family: 4, kind: 'outside', to: '198.51.100.0/24' },
  { family: 4, kind: 'near' },
  { family: 4, kind: 'tunnel', from: null },
  { family: 4, kind: 'tunnel', from: '10.90.0.9/32' },
  { family: 6, kind: 'unknown', priority: 20_001 },
];

/** Anything that may be found there. */
const heldMachines = fc.record({
  fwmark: fc.constantFrom(0, 0x74, 51820),
  tunnelRoutes: fc.subarray(['0.0.0.0/0', '10.0.0.0/8', '::/0']),
  rules: fc.subarray(heldRules),
  firewall: fc.constantFrom(null, { digest: null, counters: {} }, ...tables),
  sysctls: fc.record({
    forward4: fc.constantFrom('0', '1'),
    forward6: fc.constantFrom('0', '1', null),
    markedPaths: fc.constantFrom('0', '1'),
    loosePaths: fc.constantFrom('0', '1', '2'),
  }),
  changedSysctls: fc.subarray(SYSCTL_KEYS),
});

const desiredDevices: fc.Arbitrary<DesiredDevice> = fc
  .record({
    chosen: fc.uniqueArray(fc.nat({ max: keys.length - 1 })),
    owners: ownership,
    endpoint: fc.array(fc.constantFrom(null, ...endpoints), { minLength: 8, maxLength: 8 }),
    keepalive: fc.constantFrom(0, 25),
    addresses: fc.uniqueArray(fc.constantFrom(...hosts)),
    routes: fc.uniqueArray(fc.constantFrom(...ranges)),
    mtu: fc.constantFrom(1280, 1420),
    machine: machines,
  })
  .map(({ chosen, owners, endpoint, keepalive, machine, ...rest }) => ({
    ...rest,
    ...machine,
    publicKey: OWN,
    listenPort: 51820,
    peers: new Map(
      chosen.map((i): [string, DesiredPeer] => [
        keys[i] ?? '',
        {
          publicKey: keys[i] ?? '',
          node: `node-${i}`,
          allowedIps: owned(owners, i),
          endpoint: endpoint[i] ?? null,
          keepalive: endpoint[i] ? keepalive : 0,
        },
      ]),
    ),
  }));

const observedDevices: fc.Arbitrary<ObservedDevice> = fc
  .record({
    chosen: fc.uniqueArray(fc.nat({ max: keys.length - 1 })),
    owners: ownership,
    endpoint: fc.array(fc.constantFrom(null, ...endpoints, '203.0.113.9:4711'), { minLength: 8, maxLength: 8 }),
    preshared: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    keepalive: fc.constantFrom(0, 25, 7),
    addresses: fc.uniqueArray(fc.constantFrom(...hosts)),
    routes: fc.uniqueArray(fc.record({ cidr: fc.constantFrom(...ranges), ours: fc.boolean() }), {
      selector: (route) => route.cidr,
    }),
    mtu: fc.constantFrom(1280, 1420),
    up: fc.boolean(),
    publicKey: fc.constantFrom(null, OWN, keys[7] ?? ''),
    listenPort: fc.constantFrom(51820, 4000),
    machine: heldMachines,
  })
  .map(({ chosen, owners, endpoint, preshared, keepalive, routes, machine, ...rest }) => ({
    ...rest,
    ...machine,
    tunnelRoutes: rest.up ? machine.tunnelRoutes : [],
    ifindex: 1,
    routes: rest.up ? routes : [],
    peers: chosen
      .filter((i) => keys[i] !== rest.publicKey)
      .map((i): ObservedPeer => ({
        publicKey: keys[i] ?? '',
        hasPresharedKey: preshared[i] ?? false,
        endpoint: endpoint[i] ?? null,
        allowedIps: owned(owners, i),
        handshakeAt: 0,
        keepalive,
      })),
  }));

/** How a desired peer looks when it is there; the endpoint is as it roamed. */
const asDesired = (peer: DesiredPeer, held: ObservedPeer | undefined) =>
  held !== undefined &&
  !held.hasPresharedKey &&
  held.keepalive === peer.keepalive &&
  held.allowedIps.join() === peer.allowedIps.join() &&
  (peer.endpoint === null || held.endpoint !== null);

test('the steps lead to the desired device, and then there is nothing left to do', () => {
  fc.assert(
    fc.property(desiredDevices, observedDevices, fc.subarray(keys), (desired, observed, quiet) => {
      const model = KernelModel.of(observed, OWN);
      for (const operation of diffDevice(desired, observed, new Set(quiet))) model.apply(operation);
      const after = model.read();
      expect(after).toMatchObject({ publicKey: OWN, listenPort: 51820, mtu: desired.mtu, up: true });
      expect(after.addresses).toEqual([...desired.addresses].sort());
      expect(
        after.routes
          .filter((route) => route.ours)
          .map((route) => route.cidr)
          .sort(),
      ).toEqual([...desired.routes].sort());
      expect(after.peers.map((peer) => peer.publicKey).sort()).toEqual([...desired.peers.keys()].sort());
      expect(after.fwmark).toBe(desired.fwmark);
      expect([...after.tunnelRoutes].sort()).toEqual([...desired.fullTunnel.routes].sort());
      expect(new Set(after.rules.map((rule) => JSON.stringify(rule)))).toEqual(
        new Set(desired.fullTunnel.rules.map((rule) => JSON.stringify(rule))),
      );
      expect(after.firewall?.digest).toBe(desired.firewall ? firewallDigest(desired.firewall) : undefined);
      for (const key of SYSCTL_KEYS)
        if (desired.sysctls[key] !== undefined) expect([desired.sysctls[key], null]).toContain(after.sysctls[key]);
        else expect(after.changedSysctls).not.toContain(key);
      for (const peer of after.peers) expect(asDesired(desired.peers.get(peer.publicKey)!, peer)).toBe(true);
      expect(diffDevice(desired, after, new Set(quiet))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test('a peer that is as it shall be is not touched, at no step', () => {
  fc.assert(
    fc.property(desiredDevices, observedDevices, (desired, observed) => {
      const model = KernelModel.of(observed, OWN);
      const unchanged = observed.peers.filter((held) => {
        const peer = desired.peers.get(held.publicKey);
        return peer !== undefined && asDesired(peer, held);
      });
      for (const operation of diffDevice(desired, observed, new Set())) {
        model.apply(operation);
        const peers = new Map(model.read().peers.map((peer) => [peer.publicKey, peer]));
        for (const peer of unchanged) expect(peers.get(peer.publicKey)).toEqual(peer);
        if ('publicKey' in operation)
          expect(unchanged.map((peer) => peer.publicKey)).not.toContain(operation.publicKey);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a prefix is never without an owner, unless its old owner needs a new list itself', () => {
  fc.assert(
    fc.property(desiredDevices, observedDevices, (desired, observed) => {
      fc.pre(observed.publicKey === OWN);
      const operations = diffDevice(desired, observed, new Set());
      const rewritten = operations.flatMap((each) =>
        each.kind === 'peer-set' && each.allowedIps ? [each.publicKey] : [],
      );
      const held = (peers: Iterable<{ allowedIps: readonly string[] }>, prefix: string) =>
        [...peers].some((peer) => peer.allowedIps.includes(prefix));
      const settled = observed.peers.filter((peer) => !rewritten.includes(peer.publicKey));
      const kept = prefixes.filter((prefix) => held(settled, prefix) && held(desired.peers.values(), prefix));
      const model = KernelModel.of(observed, OWN);
      for (const operation of operations) {
        model.apply(operation);
        for (const prefix of kept) expect(held(model.read().peers, prefix)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('nothing is forwarded, and nothing sent into a full tunnel, before it can be translated and filtered', () => {
  fc.assert(
    fc.property(desiredDevices, observedDevices, (desired, observed) => {
      const kinds = diffDevice(desired, observed, new Set()).map(({ kind }) => kind);
      const before = (first: string, then: string) => {
        if (kinds.includes(first as never) && kinds.includes(then as never))
          expect(kinds.lastIndexOf(first as never)).toBeLessThan(kinds.indexOf(then as never));
      };
      for (const sender of ['peer-set', 'route-add', 'sysctl-set', 'rule-add']) before('firewall-set', sender);
      before('fwmark', desired.fwmark === 0 ? 'firewall-remove' : 'rule-add');
      before('tunnel-route-add', 'rule-add');
      before('rule-delete', 'tunnel-route-delete');
      before('sysctl-restore', 'firewall-remove');
    }),
  );
});

test('no reason holds a key', () => {
  fc.assert(
    fc.property(desiredDevices, observedDevices, fc.subarray(keys), (desired, observed, quiet) => {
      const reasons = diffDevice(desired, observed, new Set(quiet)).map((operation) => operation.reason);
      for (const key of [...keys, OWN]) expect(reasons.join('\n')).not.toContain(key.slice(0, 8));
    }),
  );
});
