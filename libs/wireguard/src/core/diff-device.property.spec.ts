import fc from 'fast-check';
import { KernelModel } from '../memory/kernel-model.js';
import type { DesiredDevice, DesiredPeer } from './desired-device.js';
import { diffDevice } from './diff-device.js';
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

const desiredDevices: fc.Arbitrary<DesiredDevice> = fc
  .record({
    chosen: fc.uniqueArray(fc.nat({ max: keys.length - 1 })),
    owners: ownership,
    endpoint: fc.array(fc.constantFrom(null, ...endpoints), { minLength: 8, maxLength: 8 }),
    keepalive: fc.constantFrom(0, 25),
    addresses: fc.uniqueArray(fc.constantFrom(...hosts)),
    routes: fc.uniqueArray(fc.constantFrom(...ranges)),
    mtu: fc.constantFrom(1280, 1420),
  })
  .map(({ chosen, owners, endpoint, keepalive, ...rest }) => ({
    ...rest,
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
  })
  .map(({ chosen, owners, endpoint, preshared, keepalive, routes, ...rest }) => ({
    ...rest,
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

test('no reason holds a key', () => {
  fc.assert(
    fc.property(desiredDevices, observedDevices, fc.subarray(keys), (desired, observed, quiet) => {
      const reasons = diffDevice(desired, observed, new Set(quiet)).map((operation) => operation.reason);
      for (const key of [...keys, OWN]) expect(reasons.join('\n')).not.toContain(key.slice(0, 8));
    }),
  );
});
