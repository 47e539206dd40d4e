import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, test } from '@jest/globals';
import { whatNamespacesLack } from './namespaces.js';

const MARK = 'TOMBOLO_OWN_NAMESPACE';
/** Whoever watches over the output of a run (keep-output.mjs) watches here as well. */
const keptOutput = /--import=\S+keep-output\.mjs/.exec(process.env.NODE_OPTIONS ?? '')?.[0] ?? '';
/** wg and wireguard-go meet at a path, so the mounts must be private as well as the network. */
const PREPARE = 'mkdir -p /run/wireguard && mount -t tmpfs tmpfs /run/wireguard && ip link set lo up && exec "$@"';

/**
 * Runs a spec file again in a Jest of its own, in new network and mount namespaces, and reports that run as one test.
 * Nothing it does is seen by the machine, and everything is gone with its processes.
 */
export function inOwnNamespace(specUrl: string, suite: () => void): void {
  if (process.env[MARK] === '1') {
    describe('in a network namespace of its own', suite);
    return;
  }
  const file = fileURLToPath(specUrl);
  const missing = whatNamespacesLack();
  const title = `in a network namespace of its own: ${file.split('/').at(-1)}`;
  if (missing) {
    test.skip(`${title} (skipped: ${missing})`, () => undefined);
    return;
  }
  test(
    title,
    () => {
      const jest = createRequire(specUrl).resolve('jest/bin/jest');
      const command = [process.execPath, '--experimental-vm-modules', jest, '--runInBand', '--runTestsByPath', file];
      const { status, stderr } = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', PREPARE, 'sh', ...command], {
        env: { ...process.env, [MARK]: '1', NODE_OPTIONS: keptOutput, JEST_WORKER_ID: undefined },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
    },
    120_000,
  );
}
