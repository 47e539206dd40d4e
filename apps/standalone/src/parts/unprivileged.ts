import { spawnSync } from 'node:child_process';
import { StartFailure } from './failure.js';

/** How to run a program that refuses to run as root: what to put before it, and who must own its files. */
export interface Unprivileged {
  prefix: string[];
  owner: number;
}

/** `daemon`: in every Debian's passwd (base-passwd), and initdb wants a user that has a name. */
const USER = 1;

/** In order of preference. */
export const waysOfRoot: Unprivileged[] = [
  // Root's files under another user id in a user namespace of its own: nothing to chown, any directory will do.
  { prefix: ['unshare', '--user', `--map-user=${USER}`, `--map-group=${USER}`, '--'], owner: 0 },
  // Where namespaces are forbidden (most containers): the other user itself, with the one capability to pass root's
  // 0700 directories. no_setuid_fixup makes access(2) honour it.
  {
    prefix: [
      'setpriv',
      ...[`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--securebits=+no_setuid_fixup'],
      ...['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=-all,+dac_override`),
      '--',
    ],
    owner: USER,
  },
];

/**
 * How this process can run `program`, which refuses user id 0. An ordinary user needs nothing. Throws with the ways
 * out when root has none here.
 */
export function unprivileged(program: string): Unprivileged {
  const self = process.geteuid?.() ?? -1;
  if (self !== 0) return { prefix: [], owner: self };
  const way = waysOfRoot.find((one) => worksHere(one, program));
  if (way) return way;
  throw new StartFailure(
    'PostgreSQL refuses to run as root, and this machine allows neither user namespaces nor a change of user: ' +
      'run as an ordinary user, or name a database of your own in TOMBOLO_DATABASE_URL.',
  );
}

/** Whether `program` can be reached and run that way; a container or a chroot may forbid one. */
export function worksHere({ prefix }: Unprivileged, program: string): boolean {
  const [command, ...args] = [...prefix, 'test', '-x', program];
  return spawnSync(command as string, args, { stdio: 'ignore' }).status === 0;
}
