import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { planAll } from '#planner/plan-node.js';
import { desiredDevice } from '#wireguard/core/desired-device.js';
import { renderFirewall } from '#wireguard/core/firewall/render-firewall.js';
import { inOwnNamespace } from '../support/own-namespace.js';
import { relayedTopologies, topologies } from './random-topology.js';

inOwnNamespace(import.meta.url, () => {
  test('what is planned for a gateway is a table that nft takes', () => {
    const local = { interfaceName: 'tmb0', listenPort: 51820, publicKey: '', ipv6: true };
    const tables = new Set<string>();
    for (const { state } of fc.sample(fc.oneof(topologies(), relayedTopologies()), { numRuns: 60, seed: 3 }))
      for (const resources of planAll(state).values()) {
        const { firewall } = desiredDevice(resources, local);
        if (firewall) tables.add(renderFirewall(firewall));
      }
    for (const table of tables) execFileSync('nft', ['--check', '-f', '-'], { input: table, stdio: 'pipe' });
    expect(tables.size).toBeGreaterThan(50);
  });
});
