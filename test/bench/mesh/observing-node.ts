import type { ObservedReport } from '#contracts/reports.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { LinkWatch } from '../../../apps/agent/src/observe/link-watch.js';
import { Observer } from '../../../apps/agent/src/observe/observer.js';

/** What an agent tells, and when: seconds after it connected. Peers are `0`, `1`, …, for whoever sends it to name. */
export interface ToldAt {
  second: number;
  report: ObservedReport;
}

const HANDSHAKE_EVERY_SECONDS = 120;
/** Unix seconds. */
const BEGAN = 1_795_000_000;

/**
 * The observer of a real agent, on a clock of its own, that talks to so many peers all the time while nothing changes: their
 * endpoints stay, sessions are renewed, round trips differ by a little.
 */
export async function tellsWithin(seconds: number, peers: number, random: () => number): Promise<ToldAt[]> {
  const told: ToldAt[] = [];
  const phases = Array.from({ length: peers }, () => Math.floor(random() * HANDSHAKE_EVERY_SECONDS));
  let second = 0;
  const observer = new Observer({
    watch: new LinkWatch(),
    dump: async () => dumpAt(second, phases),
    roundTrip: async () => 10 + random() * 3,
    poke: () => undefined,
    forwarded: { set: () => undefined, read: async () => [], stop: () => undefined },
    ownEndpoints: async () => [],
    report: (report) => told.push({ second, report }),
    now: () => second * 1_000,
    wall: () => BEGAN + second,
    run: 'bench',
  });
  // Its clock is ours.
  observer.stop();
  observer.follow(Array.from({ length: peers }, (_, n) => peerOf(n)));
  observer.connected();
  for (; second < seconds; second++) await observer.look();
  return told;
}

const endpointOf = (n: number) => `203.0.113.${n}:51820`;

function peerOf(n: number): PeerResource {
  const allowedIps = [`10.64.0.${n}/32`];
  return { name: `peer/${n}`, node: `node-${n}`, publicKey: `key-${n}`, allowedIps, endpoint: endpointOf(n) };
}

/** As `wg show IF dump` writes it. */
function dumpAt(second: number, phases: number[]): string {
  const lines = phases.map((phase, n) => {
    const handshake = BEGAN + second - ((second + phase) % HANDSHAKE_EVERY_SECONDS);
    const bytes = 1_000 * (second + 1);
    return [`key-${n}`, '(none)', endpointOf(n), `10.64.0.${n}/32`, handshake, bytes, bytes, 'off'].join('\t');
  });
  return ['private\tpublic\t51820\toff', ...lines].join('\n');
}
