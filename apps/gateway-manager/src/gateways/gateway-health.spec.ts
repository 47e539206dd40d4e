import { expect, test } from '@jest/globals';
import { at } from '../../../../test/support/given.js';
import { newHealth, probed, type MemberHealth } from '../election/member-health.js';
import { gatewayHealth } from './gateway-health.js';

const tell = (ok: boolean, from = newHealth(0)) =>
  probed(from, { ok, detail: ok ? 'echo in 2 ms' : 'no echo' }, { at: 60_000, handshakeAge: 30 });

test.each<[string, MemberHealth, object]>([
  ['not heard yet', newHealth(60_000), { heardAt: null, ok: null, detail: 'not heard yet', handshakeAge: null }],
  ['never heard', newHealth(0), { heardAt: null, ok: false, detail: 'not heard yet' }],
  ['good', tell(true), { heardAt: at(-1), ok: true, detail: 'echo in 2 ms', handshakeAge: 31 }],
  ['one bad probe', tell(false, tell(true)), { ok: true, detail: 'no echo' }],
  ['two bad probes', tell(false, tell(false, tell(true))), { heardAt: at(-1), ok: false, detail: 'no echo' }],
  [
    'silent',
    { ...tell(true), heardAt: 50_000 },
    { heardAt: at(-11), ok: false, detail: 'silent; said before: echo in 2 ms' },
  ],
])('%s', (_what, health, expected) => {
  const watched = { gatewayId: 'g', network: 'n', health: new Map([['a', health]]), departures: [], activatedAt: null };
  const { gateways } = gatewayHealth([watched], { listened: 61_000, wall: new Date(at(0)) });
  expect(gateways).toEqual([{ gatewayId: 'g', members: [expect.objectContaining({ nodeId: 'a', ...expected })] }]);
});
