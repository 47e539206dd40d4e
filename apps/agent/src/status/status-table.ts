import Table from 'cli-table3';
import type { AgentStatus, LockStatus } from './read-status.js';

/** For people. */
export function statusTable(status: AgentStatus): string {
  const lines = [
    ['node', `${status.node} in ${status.network}`],
    ['interface', `${status.interface} (${status.backend})`],
    ['public key', status.publicKey],
    ...(status.nextKey === null ? [] : [['next key', `${status.nextKey}, not in use yet`]]),
    ['revision', status.lastApply === null ? 'none yet' : `${status.revision}, applied ${status.lastApply}`],
    ['drift', status.drift.length === 0 ? 'none' : status.drift.join('\n')],
    ...(status.drops.length > 0 ? [['dropped', status.drops.map(dropText).join('\n')]] : []),
    ...(status.lock ? [['lock', lockText(status.lock)]] : []),
    ...(status.refused.length > 0 ? [['refused', status.refused.map(refusedText).join('\n')]] : []),
    ...status.notes.map((note) => ['note', note]),
  ];
  const facts = new Table({ chars: PLAIN, style: { 'padding-left': 0, head: [], border: [] } });
  facts.push(...lines);
  const peers = new Table({
    head: ['peer', 'path', 'endpoint', 'handshake'],
    chars: PLAIN,
    style: { 'padding-left': 0, head: [], border: [] },
  });
  peers.push(
    ...status.peers.map(({ name, path, endpoint, handshakeAge }) => [
      name,
      path,
      endpoint ?? '-',
      handshakeAge === null ? 'never' : `${duration(handshakeAge)} ago`,
    ]),
  );
  return [facts.toString(), ...(status.peers.length > 0 ? ['', peers.toString()] : [])].join('\n');
}

const lockText = ({ on, serial, fingerprint }: LockStatus) =>
  `${on ? 'on' : 'off'}, entry ${serial}${fingerprint === null ? '' : ` of ${fingerprint}`}`;

const refusedText = ({ name, message }: AgentStatus['refused'][number]) => `${name}: ${message}`;

const dropText = ({ filter, packets, bytes }: AgentStatus['drops'][number]) =>
  `${packets} packets, ${bytes} bytes by ${filter}`;

/** `7s`, `3m 5s`, `2h 7m`, `3d 4h` */
export function duration(seconds: number): string {
  const units: [string, number][] = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ];
  const first = units.findIndex(([, count]) => count > 0);
  if (first < 0) return '0s';
  const shown = units.slice(first, first + 2).filter(([, count]) => count > 0);
  return shown.map(([unit, count]) => `${count}${unit}`).join(' ');
}

const PLAIN = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat(['mid', 'mid-mid', 'right', 'right-mid'])
    .map((place) => [place, ''])
    .concat([['middle', ' ']]),
);
